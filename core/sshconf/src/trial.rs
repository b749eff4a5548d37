//! Tries a plan out: resolves the files as they would be, for the connection that is meant and for a
//! stranger, and says whether exactly the wish comes true. Chooses no place.

use std::path::Path;

use crate::edit::{Edit, EditRefusal, Scope};
use crate::plan::Planner;
use crate::spot;
use crate::value;
use crate::{
    ClientContext, Context, Dialect, Document, Doubt, Files, Keyword, LineKind, Overlay, Resolved,
    Root, ServerContext, Setting, Tree, resolve,
};

impl Planner<'_> {
    /// The value as OpenSSH prints it.
    pub(crate) fn printed(&self, value: &str) -> Result<String, EditRefusal> {
        let keyword = self.wish.keyword;
        let refused = || EditRefusal::BadValue { keyword, value: value.to_owned() };
        let line = format!("{} {value}\n", keyword.spelling(self.dialect()));
        let document = Document::parse(line.as_bytes());
        let one_line =
            document.lines().len() == 1 && document.lines()[0].value() == value.as_bytes();
        let spec = keyword.spec(self.dialect()).ok_or(EditRefusal::UnknownKeyword(keyword))?;
        if !one_line || value::read(spec, value.as_bytes()).is_err() {
            return Err(refused());
        }
        let mut files = Tree::new();
        files.insert("/wish", line);
        let (root, context) = match self.context {
            Context::Client(context) => (
                Root::user("/wish"),
                Context::Client(ClientContext { options: Vec::new(), ..context.clone() }),
            ),
            Context::Server(context) => (
                Root::server("/wish"),
                Context::Server(ServerContext { options: Vec::new(), ..context.clone() }),
            ),
        };
        let resolved = resolve(&[root], &context, &files);
        resolved.get(keyword).map(|setting| setting.value.clone()).ok_or_else(refused)
    }

    /// Whether a setting comes from a line of the wish's scope. A line outside of blocks is for
    /// everybody only if its file is: so a stranger must get it too.
    pub(crate) fn is_ours(&self, setting: &Setting) -> bool {
        let Some(place) = setting.origin.place() else { return false };
        let in_scope = spot::is_in_scope(place.block.as_ref(), &self.wish.scope);
        in_scope && (self.wish.scope != Scope::All || self.is_for_strangers(setting))
    }

    fn is_for_strangers(&self, setting: &Setting) -> bool {
        let resolved = resolve(self.roots, &stranger(self.context), self.files);
        resolved.get(setting.keyword).is_some_and(|other| other.origin == setting.origin)
    }

    /// The edit, if with these bytes everything is as wished and nothing else changes.
    pub(crate) fn accept(&self, file: &Path, bytes: Vec<u8>, wanted: Option<&str>) -> Option<Edit> {
        let mut files = Overlay::new(self.files);
        files.replace(file, bytes.clone());
        let then = resolve(self.roots, self.context, &files);
        let will_be = self.setting(&then);
        if let Some(wanted) = wanted {
            let will_be = will_be.as_ref()?;
            let ours = will_be.origin.place().is_some_and(|place| place.file == file);
            if will_be.value != wanted || !ours || self.hides_others(file, &bytes, will_be) {
                return None;
            }
        }
        if then.refused() || self.undecided(&then).is_some() || !self.leaves_the_rest(&then) {
            return None;
        }
        let before = self.files.read(file).ok();
        Some(Edit {
            file: file.to_owned(),
            before,
            after: bytes,
            was: self.setting(&self.now),
            will_be,
        })
    }

    /// An undecided block of ssh's that would win. Of sshd's, `sshd -T` decides them for the login.
    pub(crate) fn undecided(&self, resolved: &Resolved) -> Option<Doubt> {
        let mut doubts = resolved.doubts().iter();
        let mine = doubts.find(|doubt| doubt.setting.keyword == self.wish.keyword);
        mine.filter(|_| self.dialect() == Dialect::Client).cloned()
    }

    /// For everybody: a stranger must get the new line, and nobody's own value may lose to it.
    fn hides_others(&self, file: &Path, bytes: &[u8], will_be: &Setting) -> bool {
        if self.wish.scope != Scope::All {
            return false;
        }
        let mut files = Overlay::new(self.files);
        files.replace(file, bytes);
        let was = self.setting(&self.now);
        let was = was.filter(|was| was.origin.place().is_some());
        let ours = was.as_ref().map(|was| self.is_ours(was));
        let global = will_be.origin.place().is_some_and(|place| place.block.is_none());
        let on_top = global && self.dialect() == Dialect::Client && self.has_blocks_that_set();
        let plain = |was: &Setting| was.origin.place().is_some_and(|place| place.block.is_none());
        let hides = ours == Some(false) || (on_top && !was.as_ref().is_some_and(plain));
        hides || self.is_for_few(file, will_be, &files)
    }

    /// Whether a setting for everybody, from this file, is not what a stranger gets.
    pub(crate) fn is_for_few(&self, file: &Path, setting: &Setting, files: &dyn Files) -> bool {
        let here = setting.origin.place().is_some_and(|place| place.file == file);
        let theirs = resolve(self.roots, &stranger(self.context), files);
        let same = theirs.get(setting.keyword).is_some_and(|one| one.origin == setting.origin);
        self.wish.scope == Scope::All && here && !same
    }

    /// Whether a block for fewer than all sets the keyword, in any file that is read.
    fn has_blocks_that_set(&self) -> bool {
        self.now.files().iter().any(|file| {
            let document = self.document(file);
            let mut block = None;
            document.lines().iter().enumerate().any(|(at, line)| {
                block = crate::reader::header(line, at + 1).or(block.take());
                let sets = sets(line.kind(), self.dialect(), self.wish.keyword);
                sets && block.as_ref().is_some_and(|block| !spot::is_universal(block))
            })
        })
    }

    /// Whether every other setting is what it was. Settings that others depend on may change them.
    fn leaves_the_rest(&self, then: &Resolved) -> bool {
        const STEER: [Keyword; 9] = [
            Keyword::BATCH_MODE,
            Keyword::CANONICALIZE_HOSTNAME,
            Keyword::HOSTNAME,
            Keyword::HOST_KEY_ALIAS,
            Keyword::PORT,
            Keyword::PROXY_COMMAND,
            Keyword::PROXY_JUMP,
            Keyword::TAG,
            Keyword::USER,
        ];
        let rest = |resolved: &Resolved| {
            let others = resolved.settings().iter();
            let others = others.filter(|setting| setting.keyword != self.wish.keyword);
            let mut values: Vec<_> =
                others.map(|setting| (setting.keyword, setting.value.clone())).collect();
            values.sort_by_key(|(keyword, _)| *keyword);
            values
        };
        STEER.contains(&self.wish.keyword) || rest(&self.now) == rest(then)
    }

    /// Whether a block with this header applies to the connection, by itself.
    pub(crate) fn applies(&self, header: &str) -> bool {
        let (keyword, root) = match self.dialect() {
            Dialect::Client => (Keyword::SERVER_ALIVE_COUNT_MAX, Root::user("/probe")),
            Dialect::Server => (Keyword::CLIENT_ALIVE_COUNT_MAX, Root::server("/probe")),
        };
        let mut files = Tree::new();
        files.insert("/probe", format!("{header}\n{} 77\n", keyword.name()));
        let resolved = resolve(&[root], self.context, &files);
        resolved.get(keyword).is_some_and(|setting| setting.value == "77")
    }
}

/// A connection that nobody wrote a block for: what is set for it is set for everybody.
fn stranger(context: &Context) -> Context {
    match context {
        Context::Client(context) => Context::Client(ClientContext {
            host: "nobody-has-a-block-for-this-host.invalid".to_owned(),
            ..context.clone()
        }),
        Context::Server(context) => Context::Server(ServerContext {
            options: context.options.clone(),
            release: context.release,
            ..ServerContext::default()
        }),
    }
}

fn sets(kind: &LineKind, dialect: Dialect, keyword: Keyword) -> bool {
    match kind {
        LineKind::Setting { keyword: name, .. } => Keyword::named(dialect, name) == Some(keyword),
        LineKind::Blank | LineKind::Comment => false,
    }
}
