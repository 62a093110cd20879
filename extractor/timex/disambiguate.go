package timex

import (
	"strings"

	"github.com/datelinenews/dateline/extractor/text"
)

// disambiguate takes classes from words that mean something else here: "may" and "march", short
// names of months and weekdays, "fall" and "spring" the verbs. named says that somebody in the
// article is called May.
func disambiguate(doc *text.Doc, atoms []atom, i int, named bool) {
	a, t := &atoms[i], &doc.Tokens[i]
	upper := 'A' <= t.Text[0] && t.Text[0] <= 'Z'
	beside := func(j int, c class) bool { return j >= 0 && j < len(atoms) && atoms[j].cls&c != 0 }
	dated := beside(i+1, clsDay|clsDayOrd|clsY4|clsY2) || beside(i-1, clsDay|clsDayOrd)
	switch {
	case a.cls&clsMonth != 0:
		switch {
		case dated && (upper || len(t.Text) > 3 && t.Tag != "MD"):
		case !upper && beside(i-1, clsDay|clsDayOrd) && beside(i+1, clsY4):
		case !upper && beside(i+1, clsOrd) && beside(i+2, clsY4):
		case !upper && i >= 2 && a.tight && beside(i-2, clsInt) && (atoms[i-1].word != 0):
		case !upper && i+2 < len(atoms) && atoms[i+1].tight && atoms[i+2].tight && beside(i+2, clsInt): // jun-15
		case !upper && i >= 2 && doc.Tokens[i-1].Text == "of" && beside(i-2, clsDayOrd|clsOrd):
		case !upper && dated && shortMonth(t.Text): // on nov 6th
		case !upper && (len(t.Text) <= 5 && t.Text != "june" && t.Text != "july" && t.Text != "april"):
			a.cls = 0
		case a.cls&clsMon == 0: // a short name
			if i+2 < len(atoms) && atoms[i+2].cls&clsMonth != 0 && atoms[i+1].tight && atoms[i+2].tight && doc.Tokens[i+2].Tag != "MD" {
				a.cls |= clsMon // Jan-Feb
			}
		case strings.EqualFold(t.Text, "may"):
			if t.Tag == "MD" || !dated && beside(i+1, clsProper|clsDeterminer) && opens(doc, i) || i+1 < len(atoms) && strings.HasPrefix(doc.Tokens[i+1].Tag, "VB") && doc.Tokens[i+1].Tag != "VBD" && doc.Tokens[i+1].Tag != "VBN" || surname(doc, atoms, i) {
				a.cls &^= clsMonth | clsMon
			} else if !dated && (named && !monthly(doc, atoms, i) || speaks(doc, atoms, i)) {
				a.cls &^= clsMonth | clsMon
			}
		case strings.EqualFold(t.Text, "march"):
			if strings.HasPrefix(t.Tag, "VB") || procession(doc, i) || i > 0 && (doc.Tokens[i-1].Text == "'s" || doc.Tokens[i-1].Text == "’s") || surname(doc, atoms, i) {
				a.cls &^= clsMonth | clsMon
			}
		case strings.EqualFold(t.Text, "april") || strings.EqualFold(t.Text, "june") || strings.EqualFold(t.Text, "august"):
			if !upper && t.Text == "august" && !(beside(i-1, clsPreposition) && !beside(i+1, clsNoun|clsProper|clsAdjective)) || firstName(doc, atoms, i) || !dated && speaks(doc, atoms, i) {
				a.cls &^= clsMonth | clsMon
			}
		}
	case a.cls&clsWeekday != 0:
		if !upper && len(t.Text) <= 4 {
			a.cls &^= clsWeekday
		} else if a.cls&clsWday == 0 && i > 0 && introduces(doc.Tokens[i-1].Text) {
			a.cls |= clsWday
		} else if i > 0 && i+1 < len(atoms) && a.cls&clsName != 0 && strings.EqualFold(doc.Tokens[i-1].Text, "the") && atoms[i+1].cls&(clsName|coreClasses) == clsName && strings.HasPrefix(doc.Tokens[i+1].Tag, "NNP") {
			a.cls &^= clsWeekday | clsWday // the Sunday Times
			a.named = true
		}
	case a.cls&clsSeason != 0:
		if strings.HasPrefix(t.Tag, "VB") || titled(doc, atoms, i) && !beside(i+1, clsY4) {
			a.cls &^= clsSeason
		}
	case a.cls&(clsUnit|clsPart|clsCore) != 0:
		if i > 0 && upper && strings.EqualFold(t.Text, "today") && doc.Tokens[i-1].Text == "USA" {
			a.cls &= clsName | clsNoun | clsProper | clsAdjective
			a.named = true
		} else if titled(doc, atoms, i) && !zoned(doc, atoms, i) || len(t.Text) < 4 && upper && strings.ToUpper(t.Text) == t.Text {
			a.cls &= clsName | clsNoun | clsProper | clsAdjective
			a.named = true
		}
	}
}

// shortMonth reports whether a word in lower case is a short name of a month and no other word.
func shortMonth(s string) bool {
	switch s {
	case "jan", "feb", "apr", "jun", "jul", "aug", "sep", "oct", "nov", "dec":
		return true
	}
	return false
}

// procession reports whether the March at token i is one: "the annual March for Life".
func procession(doc *text.Doc, i int) bool {
	if i == 0 || i+1 >= len(doc.Tokens) {
		return false
	}
	switch doc.Tokens[i+1].Text {
	case "for", "of", "on", "against":
	default:
		return false
	}
	switch doc.Tokens[i-1].Tag {
	case "DT", "JJ", "``", "PRP$", "POS":
		return true
	}
	return false
}

// opens reports whether token i is the first of its sentence, or of a quotation.
func opens(doc *text.Doc, i int) bool {
	if i == doc.Sentences[doc.Tokens[i].Sentence].FirstToken {
		return true
	}
	switch doc.Tokens[i-1].Text {
	case "“", "\"", "``", "‘", "'":
		return true
	}
	return false
}

// introduces reports whether a word before a short name of a weekday makes sure that it is one.
func introduces(s string) bool {
	switch s {
	case "on", "On", "by", "until", "since", "last", "next", "this", "till", "through", "from":
		return true
	}
	return false
}

// titled reports whether the word at token i is capitalised for a name's sake ("Imus in the
// Morning"): it opens no sentence, and not all words around it are capitalised.
func titled(doc *text.Doc, atoms []atom, i int) bool {
	if atoms[i].cls&clsName == 0 {
		return false
	}
	s := doc.Sentences[doc.Tokens[i].Sentence]
	if opens(doc, i) || atoms[i-1].cls&(clsWeekday|clsMonth|clsOrdNum|clsOrd|clsNumber) != 0 {
		return false
	}
	if t := doc.Tokens[i].Text; len(t) > 2 && strings.ToUpper(t) == t {
		return false
	}
	for j := s.FirstToken; j < s.EndToken && j < s.FirstToken+24; j++ {
		if c := doc.Tokens[j].Text[0]; len(doc.Tokens[j].Text) > 4 && 'a' <= c && c <= 'z' {
			return true
		}
	}
	return false
}

// surname reports whether the month at token i is a person's last name: a capitalised word that
// opens no sentence and is no date stands before it, or a title does.
func surname(doc *text.Doc, atoms []atom, i int) bool {
	if i == 0 || doc.Tokens[i-1].Sentence != doc.Tokens[i].Sentence {
		return false
	}
	p := &doc.Tokens[i-1]
	if atoms[i-1].cls&clsName == 0 || atoms[i-1].word != 0 && atoms[i-1].cls&^clsName != 0 {
		return false
	}
	switch p.Tag {
	case "IN", "DT", "CC", "TO", "RB", "PRP", "WRB":
		return false
	}
	return true
}

// firstName reports whether the month at token i is a person's first name: a capitalised word
// that is no date follows.
func firstName(doc *text.Doc, atoms []atom, i int) bool {
	j := i + 1
	if j >= len(atoms) || doc.Tokens[j].Sentence != doc.Tokens[i].Sentence || atoms[j].cls&clsName == 0 || atoms[j].cls&^(clsName|clsProper) != 0 || atoms[j].word != 0 {
		return false
	}
	if i > 0 && !atoms[i].breaks {
		switch doc.Tokens[i-1].Tag { // "in April Mr Kell said", "last August Kell"
		case "IN", "JJ", "DT", "TO", "CD":
			return false
		}
	}
	return doc.Tokens[j].Tag == "NNP" && strings.ToUpper(doc.Tokens[j].Text) != doc.Tokens[j].Text
}

// speaks reports whether the month at token i is a person who says, thinks or wants something.
func speaks(doc *text.Doc, atoms []atom, i int) bool {
	j := i + 1
	if j < len(atoms) && doc.Tokens[j].Tag == "RB" {
		j++
	}
	return j < len(atoms) && atoms[j].cls&clsSays != 0 && doc.Tokens[j].Sentence == doc.Tokens[i].Sentence && !monthly(doc, atoms, i)
}

// monthly reports whether what stands before the month at token i makes sure that it is one: "in
// May", "last May", "late May", "April and May".
func monthly(doc *text.Doc, atoms []atom, i int) bool {
	if i == 0 || atoms[i].breaks {
		return false
	}
	p := &atoms[i-1]
	if p.cls&(clsMonth|clsDay|clsDayOrd|clsWeekday) != 0 {
		return true
	}
	switch doc.Tokens[i-1].Text {
	case "with", "for": // "for May, the vote was a blow"
		return false
	case "to", "To": // "from April to May", but "to May, it was a blow"
		return i >= 2 && (atoms[i-2].cls&clsMonth != 0 || doc.Tokens[i-2].Tag == "VBN")
	case "from", "after", "before":
		return i+1 == len(atoms) || doc.Tokens[i+1].Tag != "POS" // "after May's speech"
	case "and", "or", "-", "–", "/":
		return i >= 2 && atoms[i-2].cls&clsMonth != 0
	case "last", "next", "this", "past", "early", "late", "mid", "previous", "following", "coming", "the", "a", "each", "every":
		return true
	}
	return p.cls&clsPreposition != 0
}

// zoned reports whether the word at token i ends the name of a zone: "10 a.m. Central European
// Time".
func zoned(doc *text.Doc, atoms []atom, i int) bool {
	if doc.Tokens[i].Text != "Time" {
		return false
	}
	for j := i - 1; j >= 0 && j >= i-4; j-- {
		if atoms[j].cls&(clsClock|clsClockAMPM|clsAMPM|clsMil) != 0 {
			return true
		}
		if atoms[j].cls&clsName == 0 {
			break
		}
	}
	return false
}
