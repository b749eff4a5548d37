//! Whether sshd permits the connection that a session is to be: asked before the far end makes it, over
//! the same login's own connection. What forwards ask while a session runs is `client/forwarding`'s.

use std::path::Path;

use abide_openssh::{SessionPart, Target};
use tokio::sync::mpsc;

use crate::connect::{ConnectError, Questions};
use crate::gate::{Answer, Gate, Question, Verdict};
use crate::plan::FirstQuestion;

/// Returns once sshd has permitted it.
///
/// # Errors
/// [`ConnectError::NotPermitted`], also when sshd could not be asked.
pub(crate) async fn obtain(
    questions: Option<&Questions>,
    target: &abide_session::Target,
    first: FirstQuestion,
) -> Result<(), ConnectError> {
    let (to, target) = read(target);
    let refused = |said: String| Err(ConnectError::NotPermitted { to: to.clone(), said });
    let Some(questions) = questions else {
        return refused("there is no place for the socket on which ssh answers".to_owned());
    };
    let (answers, mut answered) = mpsc::unbounded_channel();
    let gate = Gate::new(questions.path().to_owned(), answers);
    let mut verdict = match (&target, first) {
        (Target::Host { .. }, FirstQuestion::AnyOne) => {
            put(&gate, &mut answered, Question::Anywhere).await
        }
        _ => put(&gate, &mut answered, Question::Open(target.clone())).await,
    };
    if first == FirstQuestion::AnyOne && matches!(verdict, Verdict::Refused(_)) {
        verdict = put(&gate, &mut answered, Question::Open(target)).await;
    }
    keep(gate);
    match verdict {
        Verdict::Permitted(_) => Ok(()),
        Verdict::Refused(said) => refused(said),
        Verdict::Unasked(why) => refused(format!("sshd could not be asked: {why}")),
    }
}

/// A session with that part, in which nothing runs, beside the one that carries the link: sshd has
/// permitted it. `Err` has its words.
pub(crate) async fn obtain_part(path: Option<&Path>, part: SessionPart) -> Result<Lent, String> {
    let path = path.ok_or("there is no place for the socket on which ssh answers")?;
    let (answers, mut answered) = mpsc::unbounded_channel();
    let gate = Gate::new(path.to_owned(), answers);
    match put(&gate, &mut answered, Question::Session(part)).await {
        Verdict::Permitted(_) => Ok(Lent { gate, answered }),
        Verdict::Refused(said) => {
            keep(gate);
            Err(said)
        }
        Verdict::Unasked(why) => Err(format!("sshd could not be asked: {why}")),
    }
}

/// A session that sshd opened to answer a question.
pub(crate) struct Lent {
    gate: Gate,
    answered: mpsc::UnboundedReceiver<Answer>,
}

impl Lent {
    /// It has served.
    pub(crate) async fn give_back(self) {
        let Lent { gate, mut answered } = self;
        // If ssh is gone, so is the session.
        let _ = put(&gate, &mut answered, Question::EndSession).await;
        keep(gate);
    }
}

/// ssh may end with whoever asked it, and it carries the link.
fn keep(gate: Gate) {
    tokio::spawn(async move {
        let _gate = gate;
        std::future::pending::<()>().await;
    });
}

async fn put(
    gate: &Gate,
    answered: &mut mpsc::UnboundedReceiver<Answer>,
    question: Question,
) -> Verdict {
    if !gate.ask(question) {
        return Verdict::Unasked("ssh does not answer".to_owned());
    }
    let none = || Verdict::Unasked("ssh went away".to_owned());
    answered.recv().await.map_or_else(none, |answer| answer.verdict)
}

/// The target for people and for sshd.
fn read(target: &abide_session::Target) -> (String, Target) {
    match &*target.path {
        "" => {
            // A port that is none leads nowhere, and sshd says so.
            let port = u16::try_from(target.port).unwrap_or(0);
            let host = target.host.clone();
            (format!("{host} port {port}"), Target::Host { host, port })
        }
        path => (path.to_owned(), Target::Path(path.into())),
    }
}
