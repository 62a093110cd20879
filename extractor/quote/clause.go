package quote

import "github.com/datelinenews/dateline/extractor/quote/cue"

// clauses is the stretches of items that a frame reports: none, one, or two where the frame
// stands in the middle of its sentence.
func (u *unit) clauses(f *frame) [][2]int {
	if !f.that && u.beside(f) {
		return nil
	}
	before := f.clauseFirst
	prevComma := before > 0 && u.items[before-1].low == ","
	joined := prevComma && before > 1 && u.items[before-2].kind == word && (u.items[before-2].low == "and" || u.items[before-2].low == "but")
	if f.according {
		if before == 0 || u.sentenceStart(before) || joined {
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
		after := u.pastTime(f.after)
		if prevComma && u.at(after).low == "," {
			if c := u.checked(after+1, u.clauseEnd(after+1, f), -1); c != nil && !u.hasFinite(a, b) {
				return append([][2]int{{a, b}}, c...)
			}
		}
		return u.checked(a, b, -1)
	}
	// “The plan,” he said, “would work” without the marks, and with the cue at the end.
	if (f.inverted || !f.that && u.closes(f.after)) && prevComma && before > 1 && !joined {
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

// pastTime is the first item from i on that belongs to no time: "in March,".
func (u *unit) pastTime(i int) int {
	k := i
	if l := u.at(k).low; l == "on" || l == "in" || l == "last" || l == "this" {
		k++
	}
	if k < len(u.items) && u.items[k].kind == word && (timeWord(u.items[k].low) || number(&u.items[k])) {
		for k < len(u.items) && u.items[k].kind == word && (timeWord(u.items[k].low) || number(&u.items[k])) {
			k++
		}
		return k
	}
	return i
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
			if u.speaksFrom(end+1, f) {
				break // "…, and Jones said"
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

// speaksFrom reports whether somebody else than the speaker of f is said to speak in the clause that
// opens with item i.
func (u *unit) speaksFrom(i int, f *frame) bool {
	for k := range u.known {
		g := &u.known[k]
		if g.cueFirst > i+reach {
			return false
		}
		if g.clauseFirst == i && g.subjFirst == i && g.subjFirst != f.subjFirst && !g.according && g.verb.Class&(cue.Say|cue.Call) != 0 && g.verb.Tense == f.verb.Tense {
			return true
		}
	}
	return false
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
