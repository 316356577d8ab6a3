// Keeps the page itself usable without a network. VERSION and FILES stand before this, put there by the service.
//
// Only files of the page are ever kept: photos are posted, answers and places lie under v1/, and neither is touched.

const CACHE = `dermacast-${VERSION}`;
const addressOf = (file) => new URL(file, self.registration.scope).href;

self.addEventListener("install", (event) => {
  const files = FILES.map((file) => new Request(addressOf(file), { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(files)));
});

self.addEventListener("activate", (event) => {
  const old = async () => {
    const names = await caches.keys();
    const stale = names.filter((name) => name.startsWith("dermacast-") && name !== CACHE);
    await Promise.all(stale.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(old());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { href } = new URL(request.url);
  const isKept = request.method === "GET" && FILES.some((file) => addressOf(file) === href);
  if (isKept) event.respondWith(kept(request));
});

async function kept(request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(request.url)) ?? fetch(request);
}
