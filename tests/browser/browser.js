// SPDX-License-Identifier: MIT
// A headless Chromium that does what lines of JSON on standard input say: {"id": 1, "do": "open", ...} is answered by
// {"id": 1, "result": ...} or {"id": 1, "error": "..."}. tests/browser/browser.py is its other half.
'use strict';

const fs = require('fs');
const readline = require('readline');
const { chromium } = require('playwright-core');

let browser, context, page, told;

const commands = {
        // A new window; what the one before was told is forgotten.
        async open({ url, width, height, dark, scale, script }) {
                if (context)
                        await context.close();
                told = { console: [], failed: [], requests: [], violations: [] };
                context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? 'dark' : 'light',
                                                     deviceScaleFactor: scale || 1, javaScriptEnabled: script !== false });
                page = await context.newPage();
                page.on('console', (message) => told.console.push(message.type() + ': ' + message.text()));
                page.on('pageerror', (error) => told.console.push('uncaught: ' + error.message));
                page.on('request', (request) => told.requests.push(request.url()));
                page.on('response', (response) => response.status() >= 400 && told.failed.push(response.status() + ' ' + response.url()));
                page.on('requestfailed', (request) => told.failed.push(request.failure().errorText + ' ' + request.url()));
                await page.exposeFunction('tellViolation', (text) => told.violations.push(text));
                await page.addInitScript(() => {
                        const shifts = [];

                        document.addEventListener('securitypolicyviolation',
                                (event) => window.tellViolation(event.violatedDirective + ' ' + event.blockedURI));
                        new PerformanceObserver((list) => shifts.push(...list.getEntries().map((e) => ({ value: e.value, time: e.startTime }))))
                                .observe({ type: 'layout-shift', buffered: true });
                        window.layoutShifts = shifts;
                });
                await page.goto(url, { waitUntil: 'domcontentloaded' });
        },
        evaluate: ({ code }) => page.evaluate(code),
        // Until the expression is true; from outside, as the page forbids itself eval().
        async wait({ code, seconds }) {
                for (const end = Date.now() + seconds * 1000; Date.now() < end; await new Promise((done) => setTimeout(done, 50)))
                        if (await page.evaluate('Boolean(' + code + ')'))
                                return true;
                throw new Error('it did not become true within ' + seconds + ' s');
        },
        visible: ({ selector }) => page.isVisible(selector),
        click: ({ selector }) => page.click(selector),
        hover: ({ selector, x, y }) => page.hover(selector, { position: { x, y } }),
        fill: ({ selector, text }) => page.fill(selector, text),
        press: ({ key }) => page.keyboard.press(key),
        // whole: beyond the window, too, down to the end of the element that until says.
        async screenshot({ path, whole, until }) {
                const clip = until && await page.evaluate((selector) => ({ x: 0, y: 0, width: innerWidth,
                        height: Math.ceil(document.querySelector(selector).getBoundingClientRect().bottom + scrollY) + 16 }), until);

                await page.screenshot({ path, fullPage: whole !== false, clip, animations: 'disabled' });
        },
        told: () => told,
        // The rules of axe-core that are of WCAG 2.2 A and AA, and its best practices.
        async axe() {
                await page.evaluate(fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
                return page.evaluate(async () => (await window.axe.run(document)).violations.map((v) =>
                        ({ rule: v.id, help: v.help, nodes: v.nodes.map((n) => n.html.slice(0, 200) + ' ' + (n.failureSummary || '')) })));
        },
};

async function main() {
        browser = await chromium.launch({ executablePath: process.env.CHROMIUM, headless: true,
                                          args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars'] });
        for await (const line of readline.createInterface({ input: process.stdin })) {
                const { id, do: what, ...rest } = JSON.parse(line);
                let answer;

                try {
                        answer = { id, result: (await commands[what](rest)) ?? null };
                } catch (error) {
                        answer = { id, error: String(error.message || error) };
                }
                process.stdout.write(JSON.stringify(answer) + '\n');
        }
        await browser.close();
}

main().catch((error) => {
        process.stderr.write(String(error.stack || error) + '\n');
        process.exit(1);
});
