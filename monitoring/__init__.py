"""What becomes of forecasts in service: intake, drift of columns, forecasts against outcomes, and what to do."""
