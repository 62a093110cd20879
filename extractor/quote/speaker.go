package quote

import (
	"strings"

	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote/cue"
	"github.com/datelinenews/dateline/extractor/text"
)

// headOf is the item of the noun phrase [first, end) that speaks: a name that is not a modifier or
// an object; -1 for a common noun.
func (u *unit) headOf(first, end int) int {
	if end <= first {
		return -1
	}
	last := end - 1
	if u.items[last].kind == name && u.personAt(last) {
		k := last - 1
		for k > first && u.items[k].kind == word && !linking(u.items[k].low) && u.items[k].tag != "DT" {
			k--
		}
		if k <= first || !linking(u.items[k].low) || u.at(k-1).kind != word && u.at(k+1).kind == name && k+1 != last {
			return u.firstOfPair(first, last)
		}
		// "the commissioner for trade Jane Doe", but not "a spokesman for President Jane Doe".
		if k > first && k < last-1 && u.items[k].kind == word && u.items[last-1].kind == word && strings.HasPrefix(u.items[last-1].tag, "NN") &&
			!coref.IsRole(u.items[last-1].low) && !honorific(u.items[last-1].low) && u.items[k-1].kind == word && !is(u.items[k-1].low, voice) && coref.IsRole(u.items[k-1].low) {
			return last
		}
	}
	core := first
	for core < end && (u.items[core].kind != word || !linking(u.items[core].low)) {
		core++
	}
	if core > first && u.items[core-1].kind == name {
		return u.firstOfPair(first, core-1)
	}
	if core > first && u.items[core-1].pronoun >= 0 {
		return core - 1
	}
	return -1
}

// honorific reports whether a word before a name is no noun of its own.
func honorific(low string) bool {
	switch strings.TrimSuffix(low, ".") {
	case "mr", "mrs", "ms", "miss", "mx", "dr", "sir", "dame", "lord", "lady", "prof", "rep", "sen", "gov", "gen", "col", "lt", "sgt", "rev":
		return true
	}
	return false
}

// firstOfPair is the first of two names that "and" joins, where both may speak.
func (u *unit) firstOfPair(first, last int) int {
	k := last - 1
	for k > first && u.items[k].kind == word && (u.items[k].tag == "NNP" || u.items[k].tag == "NN") {
		k--
	}
	if k > first && u.items[k].low == "and" && u.items[k-1].kind == name && u.sameType(last, k-1) {
		return k - 1
	}
	return last
}

func (u *unit) sameType(a, b int) bool {
	return u.f.mentions[u.items[a].ref].Type == u.f.mentions[u.items[b].ref].Type
}

func (u *unit) personAt(i int) bool {
	it := u.at(i)
	return it.kind == name && u.f.mentions[it.ref].Type == ner.Person
}

// pronounHead is i where the pronoun at item i is resolved, -1 else.
func (u *unit) pronounHead(i int) int {
	if u.items[i].pronoun >= 0 {
		return i
	}
	return -1
}

// mentionAt is the mention at item i, -1 where there is none.
func (u *unit) mentionAt(i int) int {
	if i < 0 {
		return -1
	}
	it := &u.items[i]
	if it.kind == name {
		return it.ref
	}
	return it.pronoun
}

// spanOf is the text that items [first, end) cover.
func (u *unit) spanOf(first, end int) text.Span {
	return text.Span{Start: u.f.doc.Tokens[u.items[first].first].Start, End: u.f.doc.Tokens[u.items[end-1].end-1].End}
}

// expression gives items [first, end) as an Expression.
func (u *unit) expression(first, end int) *Expression {
	s := u.spanOf(first, end)
	return &Expression{Span: s, Text: s.In(u.f.doc.Text)}
}

// speaker says who the subject of a frame is: nil where that is nobody.
func (u *unit) speaker(f *frame) *Speaker {
	if f.subjFirst < 0 || f.subjEnd <= f.subjFirst {
		return nil
	}
	if u.items[f.subjFirst].kind == word && f.subjEnd-f.subjFirst == 1 && !u.maySpeak(f.subjFirst) &&
		(u.items[f.subjFirst].low != "it" || f.verb.Class&cue.Say == 0 || f.passive) {
		return nil
	}
	s := &Speaker{Expression: u.expression(f.subjFirst, f.subjEnd)}
	if m := u.mentionAt(f.head); m >= 0 {
		e := u.f.mentions[m].Entity
		s.Entity = &e
		return s
	}
	if e := u.nominal(f.subjFirst, f.subjEnd); e >= 0 {
		s.Entity = &e
	} else if e := u.issuedBy(f.subjFirst, f.subjEnd); e >= 0 {
		s.Entity = &e
	} else if e := u.common(f.subjFirst, f.subjEnd); e >= 0 {
		s.Entity = &e
	}
	return s
}

// maySpeak reports whether a single word may be a speaker at all.
func (u *unit) maySpeak(i int) bool {
	switch u.items[i].low {
	case "it", "this", "which", "there", "what", "that", "i", "we", "you":
		return u.items[i].low == "it" && u.items[i].pronoun >= 0 || u.items[i].low == "we" || u.items[i].low == "i"
	}
	return true
}

// nominal is the entity whose voice a noun phrase without a speaking name is: "the KNU statement",
// "a spokesman for Apple"; -1 where it is nobody's that is named there.
func (u *unit) nominal(first, end int) int {
	core := first
	for core < end && (u.items[core].kind != word || !linking(u.items[core].low)) {
		core++
	}
	if core == first || !is(u.items[core-1].low, voice) {
		return -1
	}
	pick := -1
	for i := first; i < end; i++ {
		if u.items[i].kind != name {
			continue
		}
		t := u.f.mentions[u.items[i].ref].Type
		if t == ner.Organisation || t == ner.Person && (i+1 < end && u.items[i+1].tag == "POS" || i > core && u.at(i-1).low == "by") {
			pick = u.f.mentions[u.items[i].ref].Entity
			break
		}
	}
	return pick
}

// issuedBy is the entity that the words after a document's name say has issued it: "a statement
// released on Monday by Acme", "data from Acme"; -1 where they say nothing of the kind.
func (u *unit) issuedBy(first, end int) int {
	const furthest = 8 // items
	core := first
	for core < end && (u.items[core].kind != word || !linking(u.items[core].low)) {
		core++
	}
	if core == first || u.items[core-1].kind != word || !is(u.items[core-1].low, document|voice) {
		return -1
	}
	for k := core; k < len(u.items) && k < core+furthest; k++ {
		it := &u.items[k]
		switch {
		case it.low == "by" || it.low == "from" || it.low == "of" && k == core:
			if _, e, head := u.phraseRight(k + 1); e > k+1 && head >= 0 {
				if m := u.mentionAt(head); m >= 0 && u.f.mentions[m].Type != ner.Place {
					return u.f.mentions[m].Entity
				}
			}
			if it.low != "of" {
				return -1
			}
		case it.kind == word && (it.tag == "VBN" || it.tag == "VBD" || timeWord(it.low) || number(it) || linking(it.low) || it.tag == "DT"):
		case it.kind == word && strings.HasPrefix(it.tag, "NN") && k < end:
		default:
			return -1
		}
	}
	return -1
}
