//! Figures of several rounds as a Markdown table of medians.

use std::fmt;

use crate::peer::Peer;

/// One figure that is taken of every peer.
pub(crate) struct Column {
    /// Its heading, with the unit.
    pub(crate) title: &'static str,
    /// Digits behind the point.
    pub(crate) digits: usize,
}

/// A case: rows of peers, columns of figures.
pub(crate) struct Table {
    title: String,
    columns: Vec<Column>,
    rows: Vec<(Peer, Vec<Vec<f64>>)>,
}

impl Table {
    pub(crate) fn new(title: String, peers: &[Peer], columns: Vec<Column>) -> Self {
        let rows = peers.iter().map(|&peer| (peer, vec![Vec::new(); columns.len()])).collect();
        Self { title, columns, rows }
    }

    /// Notes one round's figures, in the order of the columns.
    pub(crate) fn note(&mut self, peer: Peer, figures: &[f64]) {
        if let Some((_, rounds)) = self.rows.iter_mut().find(|(row, _)| *row == peer) {
            for (cell, figure) in rounds.iter_mut().zip(figures) {
                cell.push(*figure);
            }
        }
    }

    /// HAProxy as packaged is what everybody is compared with.
    fn reference(&self, column: usize) -> Option<f64> {
        let (_, rounds) = self.rows.iter().find(|(peer, _)| *peer == Peer::Haproxy)?;
        median(&rounds[column]).filter(|median| *median > 0.0)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "### {}\n", self.title)?;
        let titles: Vec<&str> = self.columns.iter().map(|column| column.title).collect();
        writeln!(f, "| | {} |\n|---{}|", titles.join(" | "), "|--:".repeat(titles.len()))?;
        for (peer, rounds) in &self.rows {
            write!(f, "| {} |", peer.name())?;
            for (at, (figures, column)) in rounds.iter().zip(&self.columns).enumerate() {
                let Some(figure) = median(figures) else {
                    write!(f, " not taken |")?;
                    continue;
                };
                write!(f, " {figure:.*}", column.digits)?;
                match self.reference(at) {
                    Some(reference) => write!(f, " ({:.2}×) |", figure / reference)?,
                    None => write!(f, " |")?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// The middle one; the mean of the two in the middle when there are two.
fn median(figures: &[f64]) -> Option<f64> {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        count if count % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_stand_beside_their_ratio_to_haproxy() {
        let peers = [Peer::Steadyline, Peer::Haproxy, Peer::Nginx];
        let mut table = Table::new("Healthy".into(), &peers, vec![Column { title: "CPU s", digits: 2 }]);
        for figure in [1.0, 9.0, 2.0] {
            table.note(Peer::Steadyline, &[figure]);
            table.note(Peer::Haproxy, &[4.0]);
        }
        let expected = "### Healthy\n\n| | CPU s |\n|---|--:|\n| Steadyline | 2.00 (0.50×) |\n| HAProxy | 4.00 (1.00×) |\n| nginx | not taken |\n";
        assert_eq!(table.to_string(), expected);
    }
}
