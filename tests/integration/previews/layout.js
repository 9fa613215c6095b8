// What a reader could not read: text out of the window, out of its box or cut; and text too close in colour to its ground.
() => {
  const found = new Set();
  const root = document.documentElement;
  const wide = root.clientWidth;
  const name = (element) => `${element.tagName.toLowerCase()}.${String(element.className).split(" ").join(".")}`;
  if (root.scrollWidth > wide) found.add(`the page is ${root.scrollWidth} pixels wide`);

  const rgb = (color) => {
    const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  const channel = (value) => (value <= 10.31475 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const light = ({ r, g, b }) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = rgb(getComputedStyle(at).backgroundColor);
      if (color.a === 1) return color;
    }
    return matchMedia("(prefers-color-scheme: dark)").matches ? { r: 18, g: 18, b: 18 } : { r: 255, g: 255, b: 255 };
  };
  const contrast = (element, style) => {
    const [one, other] = [light(rgb(style.color)), light(ground(element))].sort((a, b) => b - a);
    return (one + 0.05) / (other + 0.05);
  };

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.data.trim();
    const parent = node.parentElement;
    if (!text || !parent.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    if (["OPTION", "STYLE", "SCRIPT", "TITLE"].includes(parent.tagName) || parent.closest(".hidden, .skip")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const boxes = [...range.getClientRects()].filter((box) => box.width && box.height);
    const said = `${name(parent)} « ${text.slice(0, 40)} »`;
    let scrolls = false;
    for (let at = parent; at && at !== root; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.display === "inline") continue;
      const frame = at.getBoundingClientRect();
      if (["auto", "scroll"].includes(style.overflowX)) { scrolls = true; break; }
      const cuts = style.overflowX !== "visible" || style.overflowY !== "visible";
      for (const box of boxes) {
        if (box.right > frame.right + 1 || box.left < frame.left - 1) found.add(`${said} sticks out of ${name(at)}`);
        if (cuts && (box.bottom > frame.bottom + 1 || box.top < frame.top - 1)) found.add(`${said} is cut by ${name(at)}`);
      }
      if (style.textOverflow === "ellipsis" && at.scrollWidth > at.clientWidth) found.add(`${said} ends in dots`);
    }
    if (!scrolls && boxes.some((box) => box.right > wide + 1 || box.left < -1)) found.add(`${said} is out of the window`);
    const style = getComputedStyle(parent);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = contrast(parent, style);
    if (ratio < (large ? 3 : 4.5)) found.add(`${said} has a contrast of ${ratio.toFixed(2)}`);
  }
  for (const control of document.querySelectorAll("input:not([type=hidden]), select, button")) {
    const box = control.getBoundingClientRect();
    if (box.width && (box.right > wide + 1 || box.left < -1)) found.add(`${name(control)} is out of the window`);
    if (control.tagName !== "BUTTON" && !control.labels.length) found.add(`${name(control)} has no label`);
  }
  return [...found];
}
