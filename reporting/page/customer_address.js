// The same checksum as zlib's, by which the customers are divided into pages.
function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function customerAddress(id, parts) {
  const part = crc32(new TextEncoder().encode(id)) % parts;
  return `${String(part).padStart(5, "0")}.html#${encodeURIComponent(id)}`;
}
