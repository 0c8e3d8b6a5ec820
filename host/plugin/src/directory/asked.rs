//! Roll-backs on their way to the task of the directory, which alone changes what its files give.

use tokio::sync::{mpsc, oneshot};

use crate::error::{PluginError, PluginErrorKind};

/// Roll-backs that may wait; whoever asks for one more waits for a place.
const QUEUE: usize = 16;

/// The way to ask.
pub(crate) struct RollBacks(mpsc::Sender<Asked>);

/// Where it comes out.
pub(super) type Inbox = mpsc::Receiver<Asked>;

/// One roll-back that somebody waits for.
pub(super) struct Asked {
    pub(super) identity: String,
    pub(super) to: Option<String>,
    answer: oneshot::Sender<Result<(), PluginError>>,
}

pub(super) fn queue() -> (RollBacks, Inbox) {
    let (sender, inbox) = mpsc::channel(QUEUE);
    (RollBacks(sender), inbox)
}

impl RollBacks {
    /// Asks, and waits for the answer.
    pub(crate) async fn ask(&self, identity: &str, to: Option<&str>) -> Result<(), PluginError> {
        let ended = || {
            let text = format!("{identity}: the roll-back ended without an answer; see the log");
            PluginError::new(PluginErrorKind::Engine, text)
        };
        let (answer, answered) = oneshot::channel();
        let asked = Asked {
            identity: identity.to_owned(),
            to: to.map(str::to_owned),
            answer,
        };
        self.0.send(asked).await.map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }
}

impl Asked {
    pub(super) fn answer(self, done: Result<(), PluginError>) {
        // Whoever asked may have gone; what was done is done.
        let _ = self.answer.send(done);
    }
}
