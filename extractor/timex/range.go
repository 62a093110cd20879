package timex

import (
	"strings"

	"github.com/datelinenews/dateline/extractor/text"
)

// ranges reports whether an expression, tokens first to end, and one that starts at token next
// are the two ends of a range: "from Monday to Friday", "between May and June".
func ranges(toks []text.Token, first, end, next int) bool {
	if end == 0 || next-end != 1 || toks[end].Sentence != toks[next].Sentence {
		return false
	}
	switch toks[end].Text {
	case "to", "until", "till", "through", "thru", "-", "–", "—":
		return true
	case "and":
		return first > 0 && strings.EqualFold(toks[first-1].Text, "between")
	}
	return false
}

// onward puts the end of a range behind its start where the text leaves open which Friday, which
// February or which day it is.
func (r *resolver) onward(w when, e *expr) when {
	from, ok := r.prev.first()
	to, known := w.first()
	if !ok || !known || r.prev.end != nil || w.end != nil {
		return w
	}
	in := r.inner(e)
	switch {
	case in.f[fOp] == opWeekday && !in.has(fDir) && r.prevOp == opWeekday:
		ahead := mod7(to.weekday() - from.weekday())
		if ahead == 0 {
			ahead = 7
		}
		w.day = from.addDays(ahead)
	case in.f[fOp] == opDate && r.prevOp == opDate && in.has(fMonth) && !in.has(fYear) && !in.has(fYearDir) && !in.has(fDir):
		for n := 0; n < 2 && to.before(from); n++ {
			w.day.year++
			to.year++
		}
		if from.addMonths(12).before(to) {
			w.day.year--
		}
	case w.gran == gClock && r.prev.gran == gClock && in.nsub == 0 && !w.zoned:
		if w.day = r.prev.day; w.clock < r.prev.clock {
			w.day = w.day.addDays(1) // from 10 p.m. to 6 a.m.
		}
	}
	return w
}

// until is the weekday up to which a range runs that starts with an expression; 0 where none does.
func (r *resolver) until(e *expr) int {
	for _, k := range r.pending {
		n := &r.m.arena[k]
		if n.first < e.end {
			continue
		}
		if in := r.inner(n); in.f[fOp] == opWeekday && ranges(r.doc.Tokens, e.first, e.end, n.first) {
			return int(in.f[fWeekday])
		}
		return 0
	}
	return 0
}
