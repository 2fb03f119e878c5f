//! A real browser, headless, driven over WebDriver. Never knows a page of ours.

use crate::peer::{self, Child};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// One window of Chromium.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

/// What WebDriver calls an element in its answers.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// Enter, as WebDriver types it.
pub const ENTER: &str = "\u{E007}";
/// Control, held until the end of what is typed.
pub const CONTROL: &str = "\u{E009}";

impl Browser {
    /// Opens a window whose microphone hears the WAV file, over and over.
    pub fn open(microphone: &Path) -> Browser {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines
            .map_while(Result::ok)
            .filter_map(|line| {
                line.split("on port ")
                    .nth(1)?
                    .trim_end_matches('.')
                    .parse()
                    .ok()
            })
            // It first repeats the port it was asked for.
            .find(|port| *port != 0)
            .expect("chromedriver says its port");
        let mut browser = Browser {
            driver: Child(child),
            port,
            session: String::new(),
        };
        let microphone = microphone.display();
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            &format!("--use-file-for-fake-audio-capture={microphone}"),
            "--allow-loopback-in-peer-connection",
            "--autoplay-policy=no-user-gesture-required",
            "--disable-features=WebRtcHideLocalIpsWithMdns",
            "--window-size=1280,900",
            // Names of the sample city are this machine.
            "--host-resolver-rules=MAP *.haneul.example 127.0.0.1",
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            // Certificates of scenes vouch for themselves.
            "acceptInsecureCerts": true,
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let opened = browser.ask("POST", "/session", &wanted);
        opened["sessionId"]
            .as_str()
            .expect("a session")
            .clone_into(&mut browser.session);
        browser.command("/timeouts", &json!({"script": 20_000}));
        browser
    }

    /// Goes to an address and waits until it is loaded.
    pub fn go(&self, url: &str) {
        self.command("/url", &json!({ "url": url }));
    }

    /// Loads the page again.
    pub fn reload(&self) {
        self.command("/refresh", &json!({}));
    }

    /// Runs the body of a function in the page.
    pub fn run(&self, script: &str) -> Value {
        self.command("/execute/sync", &json!({"script": script, "args": []}))
    }

    /// Runs the body of an `async` function in the page and waits for its end.
    pub fn run_async(&self, script: &str) -> Value {
        let wrapped = format!(
            "const done = arguments[0]; (async () => {{ {script} }})().then(done, (e) => done('' + e));"
        );
        self.command("/execute/async", &json!({"script": wrapped, "args": []}))
    }

    /// Types into the first element that the selector finds.
    pub fn type_into(&self, selector: &str, text: &str) {
        let element = self.wait_for(selector);
        self.command(
            &format!("/element/{element}/value"),
            &json!({ "text": text }),
        );
    }

    /// Types keys into what has the focus.
    pub fn press(&self, text: &str) {
        let found = self.ask(
            "GET",
            &format!("/session/{}/element/active", self.session),
            &json!({}),
        );
        let element = found[ELEMENT].as_str().expect("something has the focus");
        self.command(
            &format!("/element/{element}/value"),
            &json!({ "text": text }),
        );
    }

    /// Presses keys together and lets them go, as fingers do: they go to whatever has the focus,
    /// and nothing is looked for, focused or clicked.
    pub fn stroke(&self, keys: &str) {
        let key = |kind: &str, key: char| json!({"type": kind, "value": key.to_string()});
        let down = keys.chars().map(|one| key("keyDown", one));
        let up = keys.chars().rev().map(|one| key("keyUp", one));
        let acts: Vec<Value> = down.chain(up).collect();
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": acts});
        self.command("/actions", &json!({"actions": [keyboard]}));
    }

    /// Clicks the first element that the selector finds.
    pub fn click(&self, selector: &str) {
        let element = self.wait_for(selector);
        self.command(&format!("/element/{element}/click"), &json!({}));
    }

    /// The text of the page as a reader sees it.
    pub fn text(&self) -> String {
        let text = self.run("return document.body ? document.body.innerText : ''");
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the script gives something else than `false`, `null`, `0` or an empty text.
    pub fn until(&self, what: &str, script: &str) -> Value {
        let begun = Instant::now();
        loop {
            let found = self.run(script);
            let empty =
                found.is_null() || found == json!(false) || found == json!(0) || found == "";
            if !empty {
                return found;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(40),
                "{what} did not come; the page shows:\n{}\nits console says:\n{}",
                self.text(),
                self.console()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits until the page shows the text.
    pub fn until_text(&self, text: &str) {
        let text = json!(text);
        let script = format!("return document.body.innerText.includes({text})");
        self.until(&format!("the text {text}"), &script);
    }

    /// Cuts the network of the window, or gives it back.
    pub fn offline(&self, offline: bool) {
        let conditions = json!({
            "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        self.devtools("Network.enable", &json!({}));
        self.devtools("Network.emulateNetworkConditions", &conditions);
    }

    /// Pages loaded from now on run no script of their own, or do again.
    pub fn scripts(&self, on: bool) {
        let value = json!({ "value": !on });
        self.devtools("Emulation.setScriptExecutionDisabled", &value);
    }

    /// Puts the browser to sleep with all its processes, or wakes it up.
    pub fn sleep(&self, asleep: bool) {
        let signal = if asleep { "-STOP" } else { "-CONT" };
        for child in children(self.driver.0.id()) {
            let _ = Command::new("kill").args([signal, &child]).status();
        }
    }

    /// Runs this before any script of the pages loaded from now on.
    pub fn before_scripts(&self, source: &str) {
        let source = json!({ "source": source });
        self.devtools("Page.addScriptToEvaluateOnNewDocument", &source);
    }

    /// A picture of the page, for whoever wants to look; the folder is named by `DASAN_SHOTS`.
    pub fn shot(&self, name: &str) {
        let Some(folder) = std::env::var_os("DASAN_SHOTS") else {
            return;
        };
        let answer = self.ask(
            "GET",
            &format!("/session/{}/screenshot", self.session),
            &json!({}),
        );
        let file = Path::new(&folder).join(format!("{name}.png.base64"));
        let _ = std::fs::write(file, answer.as_str().unwrap_or_default());
    }

    /// Drops files from the disk on the first element that the selector finds, as a hand does that
    /// brings them from another window.
    pub fn drop_files(&self, selector: &str, files: &[&Path]) {
        self.wait_for(selector);
        let middle = format!(
            "const r = document.querySelector({}).getBoundingClientRect(); \
             return [r.x + r.width / 2, r.y + r.height / 2]",
            json!(selector)
        );
        let middle = self.run(&middle);
        let data = json!({ "items": [], "files": files, "dragOperationsMask": 1 });
        for kind in ["dragEnter", "dragOver", "drop"] {
            let event = json!({ "type": kind, "x": middle[0], "y": middle[1], "data": data });
            self.devtools("Input.dispatchDragEvent", &event);
        }
    }

    /// Lays a picture into the clipboard, as a screenshot does: a PNG in base64.
    pub fn copy_picture(&self, png: &str) {
        let allowed = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        self.devtools("Browser.grantPermissions", &allowed);
        let copied = self.run_async(&format!(
            "const bytes = Uint8Array.from(atob('{png}'), (letter) => letter.charCodeAt(0)); \
             const blob = new Blob([bytes], {{ type: 'image/png' }}); \
             await navigator.clipboard.write([new ClipboardItem({{ 'image/png': blob }})]); \
             return 'copied';"
        ));
        assert_eq!(copied, json!("copied"));
    }

    /// Makes the page as wide and high as a screen of this size.
    pub fn size(&self, width: u32, height: u32) {
        let screen = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", &screen);
    }

    fn devtools(&self, command: &str, parameters: &Value) {
        let order = json!({"cmd": command, "params": parameters});
        self.command("/goog/cdp/execute", &order);
    }

    /// What the page wrote to its console.
    pub fn console(&self) -> String {
        let lines = self.command("/se/log", &json!({"type": "browser"}));
        let lines = lines.as_array().into_iter().flatten();
        let texts = lines.filter_map(|line| line["message"].as_str());
        texts.collect::<Vec<_>>().join("\n")
    }

    fn wait_for(&self, selector: &str) -> String {
        let quoted = json!(selector);
        let visible = format!(
            "const e = document.querySelector({quoted}); return !!e && e.getClientRects().length > 0"
        );
        self.until(&format!("an element {selector}"), &visible);
        let wanted = json!({"using": "css selector", "value": selector});
        let found = self.command("/element", &wanted);
        found[ELEMENT].as_str().expect("an element").to_owned()
    }

    fn command(&self, path: &str, body: &Value) -> Value {
        self.ask("POST", &format!("/session/{}{path}", self.session), body)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if method == "GET" {
            String::new()
        } else {
            body.to_string()
        };
        let answer = exchange(self.port, method, path, &body);
        let answer: Value = serde_json::from_str(&answer).expect("WebDriver speaks JSON");
        let value = answer["value"].clone();
        if let Some(error) = value.get("error").and_then(Value::as_str) {
            panic!("{method} {path}: {error}: {}", value["message"]);
        }
        value
    }
}

/// The processes below one, and those below them.
fn children(of: u32) -> Vec<String> {
    let output = Command::new("pgrep").args(["-P", &of.to_string()]).output();
    let text = output.map_or_else(|_| Vec::new(), |output| output.stdout);
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut all = Vec::new();
    for child in text.lines() {
        all.push(child.to_owned());
        all.extend(child.parse().map_or_else(|_| Vec::new(), children));
    }
    all
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let path = format!("/session/{}", self.session);
            exchange(self.port, "DELETE", &path, "");
        }
    }
}

/// One request over a connection of its own; the body of the answer.
fn exchange(port: u16, method: &str, path: &str, body: &str) -> String {
    let mut line = TcpStream::connect(("127.0.0.1", port)).expect("chromedriver listens");
    line.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let length = body.len();
    write!(
        line,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
         Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut reader = BufReader::new(line);
    let length = peer::content_length(&mut reader);
    let mut answer = vec![0; length];
    reader.read_exact(&mut answer).expect("the whole answer");
    String::from_utf8(answer).expect("WebDriver speaks UTF-8")
}
