// A photo for those who have none at hand: a landscape, another one each time.

export async function samplePhoto(): Promise<File> {
  const canvas = new OffscreenCanvas(640, 480);
  const paint = canvas.getContext("2d");
  if (paint === null) throw new Error("this browser draws no pictures");
  const hue = Math.floor(Math.random() * 360);
  const sky = paint.createLinearGradient(0, 0, 0, 480);
  sky.addColorStop(0, `hsl(${hue} 55% 72%)`);
  sky.addColorStop(1, `hsl(${(hue + 40) % 360} 70% 90%)`);
  paint.fillStyle = sky;
  paint.fillRect(0, 0, 640, 480);
  for (let ridge = 0; ridge < 4; ridge++) {
    paint.fillStyle = `hsl(${(hue + 150) % 360} ${20 + ridge * 8}% ${60 - ridge * 13}%)`;
    paint.beginPath();
    paint.moveTo(0, 480);
    const phase = Math.random() * 6;
    for (let x = 0; x <= 640; x += 8) {
      paint.lineTo(x, 230 + ridge * 60 + 34 * Math.sin(x / (70 + ridge * 25) + phase) + 9 * Math.sin(x / 17 + phase));
    }
    paint.lineTo(640, 480);
    paint.fill();
  }
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.85 });
  return new File([blob], "sample.jpg", { type: "image/jpeg" });
}
