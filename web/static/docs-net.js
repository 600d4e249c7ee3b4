// The workflow as an SVG: places in rows by their distance from the first one, transitions as arrows.

const ROW = 112, WIDTH = 440, BOX = { width: 116, height: 34 };

/** An SVG element of the net that /api/schema answers. */
export function drawNet(net) {
  const spots = layOut(net);
  const height = Math.max(...Object.values(spots).map((spot) => spot.y)) + 40;
  const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-labelledby": "net-title" });
  svg.append(shape("title", { id: "net-title" }, `Workflow: ${net.transitions.map(sentence).join("; ")}`));
  const head = { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto" };
  const marker = shape("marker", head);
  marker.append(shape("path", { d: "M0 0 8 4 0 8z", class: "head" }));
  svg.append(marker);
  const arrows = net.transitions.map((step) => ({ step, ...arrowOf(step, net, spots) }));
  for (const { d } of arrows) svg.append(shape("path", { d, class: "arrow", "marker-end": "url(#arrow)" }));
  for (const place of net.places) svg.append(...boxOf(place, spots[place], place === net.initial));
  for (const { step, label } of arrows) {
    svg.append(shape("text", { x: label.x, y: label.y - 2, class: "step" }, step.name));
    svg.append(shape("text", { x: label.x, y: label.y + 10, class: "step role" }, `(${step.role})`));
  }
  return svg;
}

/** One transition in words. */
export function sentence(step) {
  return `${step.name}: ${step.from} to ${step.to}, by ${step.role}`;
}

function layOut(net) {
  const distance = { [net.initial]: 0 };
  for (const place of breadthFirst(net)) {
    for (const step of net.transitions) {
      if (step.from === place && !(step.to in distance)) distance[step.to] = distance[place] + 1;
    }
  }
  const spots = {};
  for (let row = 0; row < net.places.length; row += 1) {
    const here = net.places.filter((place) => distance[place] === row);
    const isLinked = (place) => net.transitions.some((step) =>
      [step.from, step.to].includes(place) && here.includes(step.from) && here.includes(step.to));
    here.sort((one, other) => isLinked(one) - isLinked(other)); // neighbours stand side by side
    here.forEach((place, index) => {
      spots[place] = { x: (WIDTH - 40) * (index + 0.5) / here.length, y: 30 + row * ROW };
    });
  }
  return spots;
}

function breadthFirst(net) {
  const seen = [net.initial];
  for (const place of seen) {
    for (const step of net.transitions) {
      if (step.from === place && !seen.includes(step.to)) seen.push(step.to);
    }
  }
  return seen;
}

function arrowOf(step, net, spots) {
  const from = spots[step.from], to = spots[step.to];
  const half = BOX.height / 2, side = BOX.width / 2;
  if (from.y === to.y) { // a neighbour
    const way = Math.sign(to.x - from.x), start = from.x + way * side, end = to.x - way * side;
    return { d: `M${start} ${from.y} L${end} ${to.y}`, label: { x: (start + end) / 2, y: from.y + half + 14 } };
  }
  if (from.y - to.y > ROW) { // a long way back, round the right-hand side
    const right = WIDTH - 14;
    const d = `M${from.x + side} ${from.y} H${right - 12} Q${right} ${from.y} ${right} ${from.y - 12} ` +
      `V${to.y + 12} Q${right} ${to.y} ${right - 12} ${to.y} H${to.x + side}`;
    return { d, label: { x: right - 24, y: to.y + ROW * 0.6 } };
  }
  const down = Math.sign(to.y - from.y);
  const isTwoWay = net.transitions.some((other) => other.from === step.to && other.to === step.from);
  const aside = isTwoWay ? down * 26 : 0; // a way and its way back stand apart
  const start = { x: from.x + aside, y: from.y + down * half }, end = { x: to.x + aside, y: to.y - down * half };
  const along = isTwoWay ? (down > 0 ? 0.72 : 0.64) : (from.x === to.x ? 0.5 : 0.62); // where lines are apart
  const label = { x: start.x + (end.x - start.x) * along, y: start.y + (end.y - start.y) * along };
  return { d: `M${start.x} ${start.y} L${end.x} ${end.y}`, label };
}

function boxOf(place, spot, isInitial) {
  const { width, height } = BOX, name = place.replaceAll("_", " ");
  const corner = { x: spot.x - width / 2, y: spot.y - height / 2, width, height, rx: height / 2 };
  const box = shape("rect", { ...corner, class: isInitial ? "place initial" : "place" });
  return [box, shape("text", { x: spot.x, y: spot.y + 4 }, name)];
}

function shape(tag, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  return element;
}
