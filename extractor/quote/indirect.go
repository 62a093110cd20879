package quote

import (
	"sort"

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
		if !u.mayReport(fr) {
			continue
		}
		var sp *Speaker
		for _, c := range u.clauses(fr) {
			first, end := c[0], c[1]
			end = f.free(u, first, end)
			if first < stop || end-first < shortestClause || end < c[1] && (end-first < longPart || !nounLike(u.at(end-1)) || !u.hasFinite(first, end)) {
				continue
			}
			if sp == nil {
				if sp = u.speaker(fr); sp == nil {
					break
				}
			}
			rule := "indirect"
			if fr.according {
				rule = "indirect-according"
			}
			s := u.spanOf(first, end)
			q := Quote{Span: s, Text: s.In(f.doc.Text), Kind: Indirect, Speaker: sp, Cue: u.expression(fr.cueFirst, fr.cueEnd)}
			q.Rule, q.Score = f.confidence(rule, sp)
			out = append(out, q)
			stop = end
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Start < out[j].Start })
	return out
}

// mayReport reports whether a frame may report a clause without marks.
func (u *unit) mayReport(f *frame) bool {
	if f.negated || f.passive || f.subjFirst < 0 || f.verb.Class&cue.Say == 0 && !u.urges(f) {
		return false
	}
	if f.participle && !f.that {
		switch f.verb.Lemma {
		case "say", "claim", "state", "report", "announce", "note", "add":
		default:
			return false
		}
	}
	return true
}

// urges reports whether a frame reports what somebody is asked to do.
func (u *unit) urges(f *frame) bool {
	switch f.verb.Lemma {
	case "call":
		return f.addressed > f.cueFirst+1 // "called on"
	case "urge", "warn", "advise", "implore":
		return f.verb.Class&cue.Urge != 0
	}
	return false
}

// shortestClause is the least number of items of a reported clause.
const shortestClause = 3

// longestClause bounds, in items, a reported clause, which keeps the work linear.
const longestClause = 200

// longPart is the least number of items before a quotation in marks that are reported by themselves.
const longPart = 7

// free is where the part of [first, end) ends that no quotation found in marks takes.
func (f *finder) free(u *unit, first, end int) int {
	for k := first; k < end; k++ {
		if u.items[k].kind == quoted && f.found[u.items[k].ref] != nil {
			for k > first && u.items[k-1].kind == word && (!letterOrDigit(u.items[k-1].low) || linking(u.items[k-1].low) || u.items[k-1].tag == "DT" || u.items[k-1].low == "as") {
				k--
			}
			return k
		}
	}
	return end
}

// clauses is the stretches of items that a frame reports: none, one, or two where the frame
// stands in the middle of its sentence.
func (u *unit) clauses(f *frame) [][2]int {
	if !f.that && u.beside(f) {
		return nil
	}
	before := f.clauseFirst
	prevComma := before > 0 && u.items[before-1].low == ","
	if f.according {
		if before == 0 || u.sentenceStart(before) {
			first := f.after
			for k := f.after; k < len(u.items) && k < f.after+25 && u.items[k].tag != "."; k++ {
				if u.items[k].low == "," {
					first = k + 1
					break
				}
			}
			return u.checked(first, u.clauseEnd(first, f), -1)
		}
		a, b := u.clauseBefore(before)
		if prevComma && u.at(f.after).low == "," {
			if c := u.checked(f.after+1, u.clauseEnd(f.after+1, f), -1); c != nil && !u.hasFinite(a, b) {
				return append([][2]int{{a, b}}, c...)
			}
		}
		return u.checked(a, b, -1)
	}
	// “The plan,” he said, “would work” without the marks, and with the cue at the end.
	if (f.inverted || !f.that && u.closes(f.after)) && prevComma && before > 1 {
		a, b := u.clauseBefore(before)
		if u.at(f.after).low == "," && f.after+2 < len(u.items) && !u.hasFinite(a, b) {
			if c := u.checked(f.after+1, u.clauseEnd(f.after+1, f), -1); c != nil {
				return append([][2]int{{a, b}}, c...)
			}
		}
		return u.checked(a, b, 0)
	}
	if f.inverted {
		return nil
	}
	first := f.after
	if u.urges(f) && !f.that {
		first = f.addressed // who is urged belongs to what is urged
	}
	if u.at(first).low == "," {
		first++
	}
	if first >= len(u.items) || !f.that && !u.startsClause(first) {
		return nil
	}
	end := u.clauseEnd(first, f)
	if !f.that && !u.urges(f) && !u.opensClause(first, end) {
		return nil
	}
	return u.checked(first, end, -1)
}

// beside reports whether a frame's words stand in marks right beside it.
func (u *unit) beside(f *frame) bool {
	i := f.clauseFirst - 1
	for i >= 0 && u.items[i].kind == word && !letterOrDigit(u.items[i].low) && u.items[i].tag != "." {
		i--
	}
	if i >= 0 && u.items[i].kind == quoted && u.f.found[u.items[i].ref] != nil {
		return true
	}
	i = f.after
	for i < len(u.items) && u.items[i].kind == word && !letterOrDigit(u.items[i].low) && u.items[i].tag != "." {
		i++
	}
	return i < len(u.items) && u.items[i].kind == quoted && u.f.found[u.items[i].ref] != nil
}

// closes reports whether item i ends a clause.
func (u *unit) closes(i int) bool {
	if i >= len(u.items) {
		return true
	}
	it := &u.items[i]
	return it.kind == word && (it.tag == "." || it.low == "," || it.low == ";")
}

// checked is [first, end) where that is a clause: it has a finite verb of its own (need 0), or
// any (need -1).
func (u *unit) checked(first, end, need int) [][2]int {
	if end-first < shortestClause || need == 0 && !u.hasFinite(first, end) {
		return nil
	}
	return [][2]int{{first, end}}
}

// hasFinite reports whether [first, end) has a finite verb that belongs to no relative clause.
func (u *unit) hasFinite(first, end int) bool {
	relative := 0
	for i := first; i < end; i++ {
		it := &u.items[i]
		if it.kind != word {
			continue
		}
		switch {
		case it.tag == "WDT" || it.tag == "WP" || it.low == "who" || it.low == "which" || i > first && it.low == "that":
			relative++
		case finite(it):
			if relative == 0 {
				return true
			}
			relative--
		case it.tag == "VBN" && relative == 0:
			if p := u.at(i - 1); i > first && (p.kind == name || p.tag == "PRP") {
				return true
			}
		}
	}
	return false
}

// opensClause reports whether [first, end) opens with a subject and its finite verb, as what is
// reported without "that" does; what is only announced is a noun.
func (u *unit) opensClause(first, end int) bool {
	if u.at(first).tag == "EX" {
		return true
	}
	_, i, _ := u.phraseRight(first)
	if i <= first {
		i = first
	}
	for i < end && u.items[i].kind == word && (u.items[i].tag == "RB" || adverb(u.items[i].low)) {
		i++
	}
	if i >= end {
		return false
	}
	it := &u.items[i]
	if it.kind == word && i > first {
		switch {
		case finite(it):
			return true
		case it.tag == "VBN":
			p := u.at(i - 1)
			return p.kind == name || p.tag == "PRP"
		}
	}
	// Something stands between: the finite verb must come before any relative clause.
	for ; i < end; i++ {
		it := &u.items[i]
		if it.kind != word {
			continue
		}
		if it.tag == "WDT" || it.tag == "WP" || it.low == "that" || it.low == "who" || it.low == "which" || it.tag == "VBN" && u.at(i-1).kind == word {
			return false
		}
		if finite(it) {
			return true
		}
	}
	return false
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
	case "DT", "PRP", "PRP$", "NN", "NNS", "NNP", "NNPS", "JJ", "JJR", "JJS", "EX", "CD", "VBG", "RB", "PDT", "$":
		return true
	}
	switch it.low {
	case "in", "if", "as", "while", "there", "no", "when", "although", "because", "only", "since", "at", "for", "both", "despite", "after", "before", "under":
		return true
	}
	return false
}

func (u *unit) sentenceStart(i int) bool {
	return i == 0 || u.items[i-1].kind == word && (u.items[i-1].tag == "." || u.items[i-1].low == ";")
}

// clauseBefore is the sentence's part before item i, without closing punctuation.
func (u *unit) clauseBefore(i int) (first, end int) {
	end = i
	for end > 0 && u.items[end-1].kind == word && !letterOrDigit(u.items[end-1].low) && u.items[end-1].low != ")" {
		end--
	}
	first = end
	for first > 0 && first > end-longestClause && !u.sentenceStart(first) && (u.items[first-1].kind != quoted || !u.breaks(first-1, first)) && u.items[first-1].low != ";" {
		first--
	}
	return first, end
}

// clauseEnd is where the clause that starts at item i ends: at the sentence's end or where the
// speaker does something else ("…, and predicted …"), without closing punctuation.
func (u *unit) clauseEnd(i int, f *frame) int {
	end := i
	for end < len(u.items) && end < i+longestClause && (u.items[end].kind != word || u.items[end].tag != ".") {
		it := &u.items[end]
		if end > i+2 && (it.low == "and" || it.low == "but") && !f.according {
			k := end + 1
			for k < len(u.items) && u.items[k].kind == word && (u.items[k].tag == "RB" || adverb(u.items[k].low)) {
				k++
			}
			if next := u.at(k); next.kind == word && u.sameTense(f, next) && (u.at(end-1).low == "," || isSay(next.low)) {
				break
			}
		}
		if it.low == ";" && end > i+2 || it.low == "," && u.at(end+1).low == "despite" {
			break
		}
		if it.low == "according" && u.at(end+1).low == "to" && u.at(end-1).low == "," {
			break
		}
		end++
	}
	for end > i && u.items[end-1].kind == word && !letterOrDigit(u.items[end-1].low) && u.items[end-1].low != ")" && u.items[end-1].low != "%" {
		end--
	}
	return end
}

func isSay(low string) bool {
	v, ok := cue.Lookup(low)
	return ok && v.Class&(cue.Say|cue.Call) != 0
}

// sameTense reports whether a verb may be a frame's cue's twin.
func (u *unit) sameTense(f *frame, it *item) bool {
	switch f.verb.Tense {
	case cue.Past:
		return it.tag == "VBD" || it.tag == "VBN" && isSay(it.low) || it.low == "did"
	case cue.Third:
		return it.tag == "VBZ"
	case cue.Base:
		return it.tag == "VBP"
	}
	return false
}
