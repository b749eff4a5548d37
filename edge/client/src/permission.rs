//! Whether sshd permits the connection that a session is to be: asked before the far end makes it, over
//! the same login's own connection. What forwards ask while a session runs is `client/forwarding`'s.

use abide_openssh::Target;
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
    // ssh may end with whoever asked it, and it carries the link.
    tokio::spawn(async move {
        let _gate = gate;
        std::future::pending::<()>().await;
    });
    match verdict {
        Verdict::Permitted(_) => Ok(()),
        Verdict::Refused(said) => refused(said),
        Verdict::Unasked(why) => refused(format!("sshd could not be asked: {why}")),
    }
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
