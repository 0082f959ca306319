//! Paths: which part of a value is meant.

/// Steps that are kept; what is deeper is not told apart.
const MAX_STEPS: usize = 5;

/// Properties still to be selected from a value, first the outermost. A step is a property name, a decimal index, or
/// `*` for any.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub(crate) struct Path(Vec<Box<str>>);

/// How a path relates to another one that is expected at its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Prefix<'p> {
    /// It begins so; this is the rest.
    Whole(&'p [Box<str>]),
    /// It ends before; what is meant is a part of the value.
    Partial,
    /// They are different parts.
    No,
}

fn step_matches(a: &str, b: &str) -> bool {
    a == b || a == "*" || b == "*"
}

impl Path {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first step and the rest.
    pub(crate) fn split_first(&self) -> Option<(&str, Path)> {
        let (first, rest) = self.0.split_first()?;
        Some((first, Path(rest.to_vec())))
    }

    /// Whether the first step is this one or either may be any.
    pub(crate) fn first_matches(&self, step: &str) -> bool {
        self.0
            .first()
            .is_some_and(|first| step_matches(first, step))
    }

    /// Compares with steps that are expected at the beginning; `...` there stands for all that the others left.
    pub(crate) fn prefix(&self, expected: &[String]) -> Prefix<'_> {
        let expected = expected.iter().filter(|step| *step != "...");
        let mut at = 0;
        for step in expected {
            match self.0.get(at) {
                None => return Prefix::Partial,
                Some(own) if step_matches(own, step) => at += 1,
                Some(_) => return Prefix::No,
            }
        }
        Prefix::Whole(&self.0[at..])
    }

    /// Steps with others behind them. `...` is dropped, and an index after it becomes `*`, for it counts from where the
    /// rest begins.
    pub(crate) fn join(steps: &[String], rest: &[Box<str>]) -> Path {
        let mut path = Vec::with_capacity(steps.len() + rest.len());
        let mut after_rest = false;
        let all = steps
            .iter()
            .map(String::as_str)
            .chain(rest.iter().map(|step| &**step));
        for step in all {
            if step == "..." {
                after_rest = true;
                continue;
            }
            let index = !step.is_empty() && step.bytes().all(|b| b.is_ascii_digit());
            path.push(if after_rest && index {
                "*".into()
            } else {
                step.into()
            });
            after_rest = false;
        }
        path.truncate(MAX_STEPS);
        Path(path)
    }

    /// The path below a step.
    pub(crate) fn under(&self, step: &str) -> Path {
        Path::join(&[step.to_owned()], &self.0)
    }

    pub(crate) fn steps(&self) -> Vec<String> {
        self.0.iter().map(|step| step.to_string()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(steps: &[&str]) -> Path {
        Path(steps.iter().map(|s| (*s).into()).collect())
    }

    fn steps(steps: &[&str]) -> Vec<String> {
        steps.iter().map(|s| (*s).to_owned()).collect()
    }

    #[test]
    fn prefixes() {
        let p = path(&["a", "b"]);
        assert_eq!(p.prefix(&steps(&["a"])), Prefix::Whole(&["b".into()]));
        assert_eq!(p.prefix(&steps(&["*"])), Prefix::Whole(&["b".into()]));
        assert_eq!(p.prefix(&[]), Prefix::Whole(&["a".into(), "b".into()]));
        assert_eq!(p.prefix(&steps(&["b"])), Prefix::No);
        assert_eq!(p.prefix(&steps(&["a", "b", "c"])), Prefix::Partial);
    }

    #[test]
    fn joins() {
        assert_eq!(Path::join(&steps(&["..."]), &["0".into()]), path(&["*"]));
        assert_eq!(Path::join(&steps(&["..."]), &["k".into()]), path(&["k"]));
        let long = Path::join(
            &steps(&["a", "b", "c"]),
            &["d".into(), "e".into(), "f".into()],
        );
        assert_eq!(long, path(&["a", "b", "c", "d", "e"]));
    }
}
