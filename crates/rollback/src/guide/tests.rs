use super::*;

/// Whether the rule holds after each minute of errors among conversations.
fn holds(policy: &Policy, minutes: &[(u32, u32)]) -> String {
    let mut row = Row::default();
    let mut told = String::new();
    for (bad, total) in minutes {
        let count = match *total {
            0 => Count::Empty,
            u32::MAX => Count::Missing,
            _ => Count::Observed { bad: *bad, total: *total },
        };
        row = row.after(policy, count);
        told.push(if row.is_tripped() { '!' } else { '.' });
    }
    told
}

const MISSING: (u32, u32) = (0, u32::MAX);

#[test]
fn it_trips_after_three_minutes_in_a_row_and_clears_after_three() {
    let policy = Policy::default();
    let (bad, fair, good) = ((6, 100), (4, 100), (2, 100));
    type Case<'a> = (&'a [(u32, u32)], &'a str, &'a str);
    let table: [Case<'_>; 9] = [
        (&[bad, bad, bad], "..!", "three in a row"),
        (&[bad, bad, good, bad, bad, bad], ".....!", "a good minute begins the row anew"),
        (&[(5, 100); 5], ".....", "five percent is not above five percent"),
        (&[bad, (4, 100), bad, (4, 100), bad], ".....", "a rate around the threshold never trips"),
        (&[bad, MISSING, bad, (0, 0), bad], "....!", "what is not known neither prolongs a row nor ends it"),
        (&[bad, bad, bad, fair, fair, fair, fair], "..!!!!!", "below five percent is not yet clear"),
        (&[bad, bad, bad, good, good, good], "..!!!.", "below three percent for three minutes is"),
        (&[bad, bad, bad, good, good, fair, good, good, good], "..!!!!!!.", "in a row"),
        (&[bad, bad, bad, bad, bad, good, good, good, bad, bad, bad], "..!!!!!...!", "and it can trip again"),
    ];
    for (minutes, expected, why) in table {
        assert_eq!(holds(&policy, minutes), expected, "{why}");
    }
}

#[test]
fn one_caller_at_night_is_no_rate_of_a_hundred_percent() {
    let policy = Policy::default();
    assert_eq!(holds(&policy, &[(1, 1); 4]), "....");
    assert_eq!(holds(&policy, &[(10, 10); 3]), "..!", "thirty in three minutes are enough");
    assert_eq!(holds(&policy, &[(2, 2); 12]), ".........!!!", "and so are two a minute, in the end");
}
