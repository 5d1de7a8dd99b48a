// SPDX-License-Identifier: MIT
// Elements, and figures as people read them.

// element('td', { class: 'text' }, 'Node ', 3): what is null among the children is left out.
export function element(tag, attributes, ...children) {
        const made = document.createElement(tag);

        for (const [name, value] of Object.entries(attributes || {}))
                if (value !== null && value !== undefined)
                        made.setAttribute(name, value);
        made.append(...children.filter((child) => child !== null && child !== undefined));
        return made;
}

export function byId(id) {
        return document.getElementById(id);
}

// Writes only what is different, so that nothing is laid out for nothing.
export function setText(node, text) {
        if (node.textContent !== text)
                node.textContent = text;
}

export function setAttribute(node, name, value) {
        if (node.getAttribute(name) !== value)
                node.setAttribute(name, value);
}

// A figure that is a number for programs, too: <data value="1024">1 KiB</data>.
export function setFigure(data, value, text) {
        setAttribute(data, 'value', value === null ? '' : String(value));
        setText(data, text);
}

const PREFIXES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

export const UNKNOWN = 'unknown';

// Three digits: 0 B, 1.50 GiB, 31.2 GiB, 512 MiB.
export function bytes(value) {
        let prefix = 0;

        if (value === null || value === undefined)
                return UNKNOWN;
        while (value >= 1024 && prefix < PREFIXES.length - 1) {
                value /= 1024;
                prefix++;
        }
        if (prefix === 0)
                return value + '\u00a0' + PREFIXES[prefix];
        return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + '\u00a0' + PREFIXES[prefix];
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export function count(value) {
        return value === null || value === undefined ? UNKNOWN : whole.format(value);
}

export function percent(share, digits = 0) {
        return share === null ? UNKNOWN : (share * 100).toFixed(digits) + '\u00a0%';
}

export function plural(n, one, many = one + 's') {
        return count(n) + '\u00a0' + (n === 1 ? one : many);
}

export function hex(value) {
        return '0x' + value.toString(16);
}

// A time of day for what is today, with the date for what is not.
export function clock(date) {
        const time = date.toTimeString().slice(0, 8);

        return date.toDateString() === new Date().toDateString() ? time : date.toISOString().slice(0, 10) + ' ' + time;
}

// How many ids a list such as "0-3,8" has.
export function listLength(list) {
        let n = 0;

        for (const part of list ? list.split(',') : []) {
                const [first, last] = part.split('-').map(Number);

                n += (last === undefined ? first : last) - first + 1;
        }
        return n;
}

export function nodeClass(nid) {
        return 'n' + nid % 12;
}

// Rows of cells; a cell is a text or an element, a column { name, text: true } or { name }.
export function table(caption, columns, rows) {
        const head = element('tr', null, ...columns.map((column) =>
                element('th', { scope: 'col', class: column.text || column.wide ? 'text' : null }, column.name)));
        const body = rows.map((row) => element('tr', null, ...row.map((cell, i) =>
                i === 0 ? element('th', { scope: 'row', class: columns[0].text ? 'text' : null }, cell)
                        : element('td', { class: columns[i].wide ? 'text wide' : columns[i].text ? 'text' : null }, cell))));

        return element('table', null, element('caption', null, caption), element('thead', null, head),
                       element('tbody', null, ...body));
}

export function scrolling(label, child) {
        return element('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': label }, child);
}

// <details> whose content is made when it is opened.
export function onDemand(summary, make) {
        const details = element('details', null, element('summary', null, summary));

        details.addEventListener('toggle', () => {
                if (details.open && details.childElementCount === 1)
                        details.append(make());
        });
        return details;
}
