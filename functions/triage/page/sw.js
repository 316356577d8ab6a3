// Keeps the page itself usable without a network. VERSION and FILES stand before this, put there by the service.
//
// Only files of the page are ever kept: photos are posted, answers and places lie under v1/, and neither is touched.

const CACHE = `dermacast-${VERSION}`;
const addressOf = (file) => new URL(file, self.registration.scope).href;
const WORDS = addressOf("page/words/");

self.addEventListener("install", (event) => {
  const files = FILES.map((file) => new Request(addressOf(file), { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(files)));
});

self.addEventListener("activate", (event) => {
  const old = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith("dermacast-") && name !== CACHE).map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(old());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { href } = new URL(request.url);
  if (request.method !== "GET") return;
  if (FILES.some((file) => addressOf(file) === href)) event.respondWith(kept(request));
  else if (href.startsWith(WORDS)) event.respondWith(keptOnceAsked(request));
});

async function kept(request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(request.url)) ?? fetch(request);
}

async function keptOnceAsked(request) {
  const cache = await caches.open(CACHE);
  const found = await cache.match(request.url);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request.url, answer.clone());
  return answer;
}
