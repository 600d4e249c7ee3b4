// Builds elements. A text becomes a text node and nothing else, so what users wrote is never markup.

const SVG = "http://www.w3.org/2000/svg";

/** el("button.small.link", { onclick: save }, "Save"): name and classes; attributes and listeners, if any; children. */
export function el(name, ...given) {
  const [tag, ...classes] = name.split(".");
  return setUp(document.createElement(tag), classes, given);
}

/** The same for a drawing. */
export function svg(name, ...given) {
  const [tag, ...classes] = name.split(".");
  return setUp(document.createElementNS(SVG, tag), classes, given);
}

function setUp(node, classes, given) {
  const [attributes, children] = given[0]?.constructor === Object ? [given[0], given.slice(1)] : [{}, given];
  if (classes.length) node.setAttribute("class", classes.join(" "));
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (isThere(value)) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter(isThere));
  return node;
}

function isThere(value) {
  return value !== null && value !== undefined && value !== false;
}

/** Make `nodes` the children of `parent`; nodes that were there already keep what is typed and the focus. */
export function arrange(parent, nodes) {
  const isSame =
    nodes.length === parent.children.length && nodes.every((node, index) => node === parent.children[index]);
  if (isSame) return;
  const focused = document.activeElement;
  parent.replaceChildren(...nodes);
  if (parent.contains(focused)) focused.focus({ preventScroll: true });
}

/** A list of choices; `first` is what stands for "none of them". */
export function options(values, first, label = (value) => value) {
  const rest = values.map((value) => el("option", { value }, label(value)));
  return first === undefined ? rest : [el("option", { value: "" }, first), ...rest];
}

/** Load a style sheet of the page, if it is not there yet. */
export function loadStyles(name) {
  const href = `/static/${name}`;
  if (document.querySelector(`link[href="${href}"]`)) return null;
  return new Promise((resolve) => {
    document.head.append(el("link", { rel: "stylesheet", href, onload: resolve, onerror: resolve }));
  });
}
