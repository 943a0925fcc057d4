// What the page points to, and what may be pointed to in it. Run in the page by check.py.
const links = [...document.querySelectorAll("[href], [src]")].map((element) => element.href || element.src);
const names = [...document.querySelectorAll("[id], a[name]")].flatMap((element) => [element.id, element.getAttribute("name")]);
return { links: [...new Set(links)].filter((link) => typeof link === "string"), names: [...new Set(names)].filter(Boolean) };
