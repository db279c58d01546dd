//! A reader's process, which answers a line of JSON with a line of JSON.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::install;

/// A running reader; it ends with the value.
pub(crate) struct Reader {
    name: &'static str,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// Readers that have nothing to do: it takes one longer to start than to go through most checks. They end
/// with their input, as the tests end.
static IDLE: Mutex<Vec<Reader>> = Mutex::new(Vec::new());

/// Has each reader that can run here go through a check.
#[track_caller]
pub(crate) fn each(mut check: impl FnMut(&mut Reader)) {
    let idle = || IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    for (name, mut command) in install::readers() {
        let mut waiting = idle();
        let found = waiting.iter().position(|reader| reader.name == name);
        let known = found.map(|at| waiting.swap_remove(at));
        drop(waiting);
        let mut reader = known.unwrap_or_else(|| {
            let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
            Reader { name, child, input, output: BufReader::new(output) }
        });
        check(&mut reader);
        // One in the middle of whose work a check failed does not come back.
        idle().push(reader);
    }
}

impl Reader {
    /// What it answers, or why it refuses.
    #[track_caller]
    pub(crate) fn ask(&mut self, what: &str, mut request: Value) -> Result<Value, String> {
        request["do"] = json!(what);
        let mut line = request.to_string();
        line.push('\n');
        self.input.write_all(line.as_bytes()).unwrap();
        self.input.flush().unwrap();
        line.clear();
        self.output.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "the reader in {} died of {request:.1000}", self.name);
        let mut answer: Value = serde_json::from_str(&line).unwrap();
        match answer["refused"].as_str() {
            Some(why) => Err(why.to_owned()),
            None => Ok(answer["ok"].take()),
        }
    }

    /// What it answers; it must.
    #[track_caller]
    pub(crate) fn get(&mut self, what: &str, request: Value) -> Value {
        let asked = request.clone();
        let answer = self.ask(what, request);
        answer.unwrap_or_else(|why| panic!("{} refuses: {why}: {what} {asked:.1000}", self.name))
    }

    /// Asserts that it answers this.
    #[track_caller]
    pub(crate) fn says(&mut self, what: &str, request: Value, expected: &Value) {
        let answer = self.get(what, request);
        assert_eq!(answer, *expected, "{}: {what}", self.name);
    }

    /// Asserts that it refuses.
    #[track_caller]
    pub(crate) fn refuses(&mut self, what: &str, request: Value) {
        let asked = request.clone();
        if let Ok(answer) = self.ask(what, request) {
            panic!("{} takes {what} {asked:.1000}: {answer:.1000}", self.name);
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lower-case hex.
pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> String {
    let bytes = bytes.as_ref();
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Bytes from hex.
#[track_caller]
pub(crate) fn unhex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap();
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}
