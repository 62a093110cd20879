package quote

import (
	"github.com/datelinenews/dateline/extractor/quote/cue"
)

// unmarked finds reported speech without marks and puts all quotes in text order into f.out.
func (f *finder) unmarked() {
	q := 0
	for n := range f.units {
		u := &f.units[n]
		var reported []Quote
		if !u.inTitle {
			reported = f.reported(n)
		}
		for len(u.quotes) > 0 && q < len(f.stretches) && q <= u.quotes[len(u.quotes)-1] {
			if f.found[q] != nil {
				for len(reported) > 0 && reported[0].Start < f.found[q].Start {
					f.out = append(f.out, reported[0])
					reported = reported[1:]
				}
				f.out = append(f.out, *f.found[q])
			}
			q++
		}
		f.out = append(f.out, reported...)
	}
}

// reported gives the reported clauses of a unit, in text order.
func (f *finder) reported(n int) []Quote {
	u := &f.units[n]
	var out []Quote
	stop := 0 // items before it are taken
	for i := range f.frames[n] {
		fr := &f.frames[n][i]
		if fr.negated || fr.passive || fr.subjFirst < 0 || fr.verb.Class&(cue.Say) == 0 || fr.participle && !fr.that && fr.verb.Lemma != "say" {
			continue
		}
		first, end := u.clause(fr)
		if first < stop || end-first < 3 {
			continue
		}
		hasQuote := false
		for k := first; k < end; k++ {
			if u.items[k].kind == quoted && f.found[u.items[k].ref] != nil {
				hasQuote = true
			}
		}
		if hasQuote {
			continue
		}
		s := u.spanOf(first, end)
		sp := u.speaker(fr)
		if sp == nil {
			continue
		}
		rule := "indirect"
		if fr.according {
			rule = "indirect-according"
		}
		out = append(out, Quote{Span: s, Text: s.In(f.doc.Text), Kind: Indirect, Speaker: sp, Cue: u.expression(fr.cueFirst, fr.cueEnd), Rule: rule, Score: 0.8})
		stop = end
	}
	return out
}

// clause is the items that a frame reports.
func (u *unit) clause(f *frame) (first, end int) {
	before := f.clauseFirst
	if f.according {
		if before == 0 || u.sentenceStart(before) {
			first = f.after
			if u.at(first).low == "," {
				first++
			}
			return first, u.sentenceEnd(first)
		}
		return u.clauseBefore(before)
	}
	if f.inverted || !f.that && f.after < len(u.items) && (u.items[f.after].low == "." || u.items[f.after].low == ",") && before > 0 && u.items[before-1].low == "," {
		return u.clauseBefore(before)
	}
	first = f.after
	if first >= len(u.items) || !f.that && !u.startsClause(first) {
		return first, first
	}
	return first, u.sentenceEnd(first)
}

// startsClause reports whether item i may be the first word of a clause.
func (u *unit) startsClause(i int) bool {
	it := u.at(i)
	if it.kind == name {
		return true
	}
	if it.kind == quoted {
		return false
	}
	switch it.tag {
	case "DT", "PRP", "PRP$", "NN", "NNS", "NNP", "NNPS", "JJ", "EX", "CD", "VBG", "RB":
		return true
	}
	return it.low == "in" || it.low == "if" || it.low == "as" || it.low == "while" || it.low == "there" || it.low == "no"
}

func (u *unit) sentenceStart(i int) bool {
	return i == 0 || u.items[i-1].kind == word && u.items[i-1].tag == "."
}

// clauseBefore is the sentence's part before item i, without closing punctuation.
func (u *unit) clauseBefore(i int) (first, end int) {
	end = i
	for end > 0 && u.items[end-1].kind == word && !letterOrDigit(u.items[end-1].low) {
		end--
	}
	first = end
	for first > 0 && !u.sentenceStart(first) && u.items[first-1].kind != quoted {
		first--
	}
	return first, end
}

// sentenceEnd is the end of the sentence that item i stands in, without closing punctuation.
func (u *unit) sentenceEnd(i int) int {
	end := i
	for end < len(u.items) && !(u.items[end].kind == word && u.items[end].tag == ".") {
		end++
	}
	for end > i && u.items[end-1].kind == word && !letterOrDigit(u.items[end-1].low) {
		end--
	}
	return end
}
