// Uploads files with one of two clients that we did not write: node upload.mjs JSON
//
// {"client": "tus-js-client" | "uppy", "endpoint", "token", "files": […], "chunk_bytes", "pause_at_bytes", "defer"}
//
// With `pause_at_bytes` it pauses once that much of a file was acknowledged, says {"paused": true} and resumes when a
// line comes on stdin. In the end it says {"urls": […]} in the order of the files.
import fs from "node:fs";
import path from "node:path";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import Uppy from "@uppy/core";
import UppyTus from "@uppy/tus";
import { Upload } from "tus-js-client";

const order = JSON.parse(process.argv[2]);
const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");
const settings = {
  endpoint: order.endpoint,
  headers: { Authorization: `Bearer ${order.token}` },
  chunkSize: order.chunk_bytes,
  retryDelays: [100, 200, 400, 800],
};

async function untilToldToGoOn() {
  say({ paused: true });
  await once(process.stdin, "data");
  process.stdin.pause();
}

function withTusJsClient(file) {
  return new Promise((resolve, reject) => {
    let paused = false;
    const source = order.defer ? fs.createReadStream(file).pipe(new PassThrough()) : fs.readFileSync(file);
    const upload = new Upload(source, {
      ...settings,
      uploadLengthDeferred: Boolean(order.defer),
      metadata: { filename: path.basename(file) },
      onError: reject,
      onSuccess: () => resolve(upload.url),
      onChunkComplete: async (_, acknowledged) => {
        if (paused || !order.pause_at_bytes || acknowledged < order.pause_at_bytes) return;
        paused = true;
        await upload.abort();
        await untilToldToGoOn();
        upload.start();
      },
    });
    upload.start();
  });
}

async function withUppy(files) {
  const uppy = new Uppy({ logger: { debug() {}, warn() {}, error: (...words) => console.error(...words) } });
  let paused = false;
  uppy.use(UppyTus, {
    ...settings,
    limit: 4,
    allowedMetaFields: ["filename"],
    onChunkComplete: async (_, acknowledged) => {
      if (paused || !order.pause_at_bytes || acknowledged < order.pause_at_bytes) return;
      paused = true;
      uppy.pauseAll();
      await untilToldToGoOn();
      uppy.resumeAll();
    },
  });
  // Uppy takes a browser's Blob; its transport here takes a Buffer, so this is one that has a Blob's size.
  const ids = files.map((file) => {
    const data = fs.readFileSync(file);
    data.size = data.length;
    return uppy.addFile({ name: path.basename(file), type: "video/mp4", data, meta: { filename: path.basename(file) } });
  });
  const { failed } = await uppy.upload();
  if (failed.length > 0) throw failed[0].error;
  return ids.map((id) => uppy.getFile(id).uploadURL);
}

const urls = order.client === "uppy" ? await withUppy(order.files) : await Promise.all(order.files.map(withTusJsClient));
say({ urls });
