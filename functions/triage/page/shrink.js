// Makes a photo small, upright and free of metadata, off the main thread. Only pixels are drawn anew: where, when and
// by which camera a photo was taken stays in the file that it came from.

const LONGEST_SIDE_PIXELS = 2048;
const QUALITY = 0.95;

self.addEventListener("message", async ({ data: file }) => {
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, LONGEST_SIDE_PIXELS / Math.max(bitmap.width, bitmap.height));
    const canvas = new OffscreenCanvas(
      Math.max(1, Math.round(bitmap.width * scale)),
      Math.max(1, Math.round(bitmap.height * scale)),
    );
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#fff"; // the service, too, lays what is transparent on white
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.imageSmoothingQuality = "high";
    pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    self.postMessage(await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY }));
  } catch {
    self.postMessage(null); // a kind, or a size, that this browser cannot open
  }
});
