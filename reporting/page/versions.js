// The comparison of two versions has charts alone.
applyTheme();
drawAll();
