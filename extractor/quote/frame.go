package quote

import (
	"strings"

	"github.com/datelinenews/dateline/extractor/quote/cue"
)

// frame is an act of speaking in a unit: a cue, who speaks, and where the words may stand. All
// positions are indices of items; ranges are half open; -1 stands for none.
type frame struct {
	verb               cue.Verb
	cueFirst, cueEnd   int
	subjFirst, subjEnd int
	head               int // the name or pronoun in the subject that speaks; -1 for a common noun
	inverted           bool
	according          bool
	participle         bool
	passive            bool
	negated            bool
	addressed          int // first item after the cue itself
	after              int // first item after the cue, its objects and "that"
	that               bool
	clauseFirst        int // where the frame's own clause starts (its subject, or its cue)
}

// frames finds the acts of speaking outside the quotations of a unit.
func (u *unit) frames() []frame {
	for i := range u.items {
		it := &u.items[i]
		if it.kind != word {
			continue
		}
		if it.low == "according" && i+1 < len(u.items) && u.items[i+1].low == "to" {
			if f, ok := u.accordingTo(i); ok {
				u.known = append(u.known, f)
			}
			continue
		}
		if it.low == "per" && u.sentenceStart(i) {
			if f, ok := u.accordingTo(i - 1); ok {
				f.cueFirst, f.clauseFirst = i, i
				u.known = append(u.known, f)
			}
			continue
		}
		v, ok := cue.Lookup(it.low)
		if !ok || !u.isVerb(i, v) {
			continue
		}
		if f, ok := u.verbFrame(i, v); ok {
			u.known = append(u.known, f)
		}
	}
	return u.known
}

// isVerb reports whether item i, which looks like a form of v, is a verb here.
func (u *unit) isVerb(i int, v cue.Verb) bool {
	it := &u.items[i]
	switch it.low {
	case "said", "says", "told", "saying":
		return true
	}
	prev, next := u.at(i-1), u.at(i+1)
	switch v.Lemma {
	case "point":
		return next.low == v.Particle()
	case "put":
		// "as Smith put it, “…”"; but not "put it in the bank"
		after := u.at(i + 2)
		return next.low == v.Particle() && (i+2 >= len(u.items) || after.kind == quoted || after.tag == "." || after.low == "," || after.low == ":" || after.low == "this" || after.low == "on" || timeWord(after.low) || after.tag == "RB")
	}
	if i == 0 && v.Class&cue.Say != 0 && v.Tense == cue.Past && next.kind == name {
		return true // "Remarked Smith, …"
	}
	if prev.kind == word {
		switch prev.tag {
		case "DT", "PRP$", "POS", "IN":
			if prev.low != "that" && prev.low != "as" && (v.Tense != cue.Ing || prev.tag != "IN") {
				return false
			}
		}
	}
	if next.low == "by" && (v.Tense == cue.Past || v.Tense == cue.Part) && !be(prev.low) && prev.low != "been" && prev.tag != "RB" {
		return false // "a bill proposed by"
	}
	if it.tag == "VBN" && prev.low == "," && next.kind == word && next.tag == "IN" && next.low != "that" {
		return false // "the phone, announced in May,"
	}
	if strings.HasPrefix(it.tag, "VB") {
		return true
	}
	// The tagger takes some verbs between a name and a clause for nouns.
	if v.Class&(cue.Say|cue.Direct) == 0 {
		return false
	}
	if (next.tag == "." || next.low == ",") && nounLike(prev) {
		for k := i - 1; k >= 0 && k > i-6; k-- {
			if u.items[k].kind == quoted {
				return true // “…,” the letter read.
			}
		}
	}
	if next.kind == quoted || prev.kind == quoted || next.low == "that" || next.low == ":" || next.low == "," && u.at(i+2).kind == quoted {
		return prev.kind != word || prev.tag != "JJ"
	}
	return false
}

// at gives item i, an empty word where there is none.
func (u *unit) at(i int) *item {
	if i < 0 || i >= len(u.items) {
		return &none
	}
	return &u.items[i]
}

var none = item{pronoun: -1}

func (u *unit) accordingTo(i int) (frame, bool) {
	first, end, head := u.phraseRight(i + 2)
	if end <= first {
		return frame{}, false
	}
	return frame{verb: cue.Verb{Lemma: "according", Class: cue.Say}, cueFirst: i, cueEnd: i + 2, subjFirst: first, subjEnd: end,
		head: head, according: true, after: end, clauseFirst: i}, true
}

// verbFrame builds the frame of the verb at item i.
func (u *unit) verbFrame(i int, v cue.Verb) (frame, bool) {
	f := frame{verb: v, cueFirst: i, cueEnd: i + 1, subjFirst: -1, subjEnd: -1, head: -1, after: i + 1}
	u.steps = 0
	// The verb group to the left.
	j := i - 1
	perfect := false
	for j >= 0 && u.items[j].kind == word {
		low := u.items[j].low
		switch {
		case low == "not" || low == "n't" || low == "n’t" || low == "never" || low == "declined" || low == "refused" || low == "cannot":
			f.negated = true
		case auxiliary(low):
			perfect = true
			if be(low) && (v.Tense == cue.Past || v.Tense == cue.Part) {
				f.passive = true
			}
		case low == "to" && v.Tense == cue.Base:
			// "went on to say", "continued to say"; other infinitives report nothing.
			k := j - 1
			if u.at(k).low == "on" && (u.at(k-1).low == "went" || u.at(k-1).low == "goes") {
				j = k - 1
			} else if l := u.at(k).low; l == "continued" || l == "proceeded" {
				j = k
			} else {
				return f, false
			}
			f.cueFirst = j
			j--
			continue
		case low == "as" && v.Tense == cue.Ing:
			// "was quoted as saying"; "Reuters quoted Smith as saying" is Smith's.
			f.cueFirst = j
			j--
			if quotes(u.at(j).low) {
				f.cueFirst = j
				j--
			}
			v.Tense = cue.Past
			continue
		case u.items[j].tag == "RB" || adverb(low):
		default:
			goto group
		}
		j--
	}
group:
	if v.Tense == cue.Ing && !f.passive {
		// A participle: "Smith resigned, saying …"; "is saying" has its auxiliary.
		aux := false
		for k := j + 1; k < i; k++ {
			aux = aux || be(u.items[k].low)
		}
		f.participle = !aux
	}
	f.objects(u)
	if f.passive {
		// "was described by Smith as": the agent speaks; without one nobody does.
		f.subjFirst, f.subjEnd, f.head = u.agent(i + 1)
		f.clauseFirst = f.cueFirst
		return f, true
	}
	if !f.participle && !perfect && u.mayInvert(j, v) {
		beside := u.at(j).kind == quoted || u.at(j).low == "," && u.at(j-1).kind == quoted
		if first, end, head := u.phraseRight(i + 1); end > first && u.endsClause(end) && (head >= 0 || v.Lemma == "say" || beside) &&
			(beside || !u.opensReport(j, end, head)) {
			f.subjFirst, f.subjEnd, f.head, f.inverted = first, end, head, true
			f.after = end
			f.clauseFirst = f.cueFirst
			return f, true
		}
	}
	if f.participle {
		f.subjFirst, f.subjEnd, f.head = u.subjectOfParticiple(j)
	} else {
		f.subjFirst, f.subjEnd, f.head = u.subjectLeft(j, 0)
	}
	if f.subjFirst < 0 && !f.participle && v.Class&cue.Say != 0 && v.Tense != cue.Base {
		f.subjFirst, f.subjEnd, f.head = u.sentenceOpener(j + 1)
	}
	f.clauseFirst = f.cueFirst
	if f.subjFirst >= 0 && !f.participle {
		f.clauseFirst = f.subjFirst
	}
	return f, f.subjFirst >= 0 || v.Tense != cue.Base
}

// sentenceOpener is the first phrase of the sentence before item end that no preposition governs: its
// subject, where the grammar between it and its verb is past parsing.
func (u *unit) sentenceOpener(end int) (first, last, head int) {
	start := end
	for start > 0 && start > end-reach && !u.sentenceStart(start) && u.items[start-1].kind != quoted {
		start--
	}
	for k := start; k < end; k++ {
		it := &u.items[k]
		if it.kind == word && (finite(it) || it.low == "that") {
			break
		}
		first, last, head = u.phraseRight(k)
		if last <= first {
			continue
		}
		if last <= end && !u.prepositional(first) && !timeWord(u.items[last-1].low) && (k == start || u.items[k-1].kind == word && (u.items[k-1].low == "," || u.items[k-1].low == "and" || u.items[k-1].low == "but")) {
			return first, last, head
		}
		k = last - 1
	}
	return -1, -1, -1
}

// mayInvert reports whether the subject of a verb of speaking may follow it, where item j stands
// before the verb group: “…,” said Smith.
func (u *unit) mayInvert(j int, v cue.Verb) bool {
	if j < 0 {
		return v.Class&cue.Say != 0
	}
	p := &u.items[j]
	if p.kind == quoted {
		return v.Class&(cue.Say|cue.Direct) != 0
	}
	switch p.low {
	case ",", "''", "\"", "”", "—", "–", "--", "-":
		return v.Class&(cue.Say|cue.Direct) != 0 && v.Lemma != "tell" && v.Class&cue.Call == 0
	}
	return false
}

// opensReport reports whether the phrase that ends before item end opens what was said rather than
// names who said it: "Jane Smith, head of the group, said places such as …". Item j is the comma
// before the verb, head what speaks in the phrase.
func (u *unit) opensReport(j, end, head int) bool {
	if it := u.at(end); it.kind == word && (it.tag == "POS" || strings.HasPrefix(it.tag, "JJ") || it.low == "such") {
		return true
	}
	for k := end; k < len(u.items) && k < end+reach; k++ {
		it := &u.items[k]
		if it.kind == quoted || it.tag == "." || it.low == "," || it.low == "who" || it.low == "which" || it.low == ";" || it.low == "that" {
			break
		}
		if finite(it) {
			return head < 0 || !u.personAt(head)
		}
	}
	if head >= 0 && u.personAt(head) || u.at(j).low != "," {
		return false
	}
	u.steps = 0
	_, _, left := u.subjectBeforeComma(j, 0)
	return u.personAt(left)
}

// quotes reports whether a word says that somebody is being quoted.
func quotes(low string) bool {
	switch low {
	case "quoted", "cited", "quotes", "cites", "quoting", "citing", "recorded", "heard", "reported":
		return true
	}
	return false
}

// agent finds the "by" of a passive verb, near item i, and the phrase after it.
func (u *unit) agent(i int) (first, end, head int) {
	for k := i; k < len(u.items) && k < i+12; k++ {
		it := &u.items[k]
		if it.kind == quoted || it.tag == "." || it.low == ";" {
			break
		}
		if it.low == "by" {
			if first, end, head = u.phraseRight(k + 1); end > first {
				return first, end, head
			}
			break
		}
	}
	return -1, -1, -1
}

// endsClause reports whether a clause may end before item i: the subject that follows "said" is
// not the subject of the clause that was said.
func (u *unit) endsClause(i int) bool {
	it := u.at(i)
	if i >= len(u.items) || it.kind == quoted {
		return true
	}
	if it.kind == name {
		return false
	}
	switch it.tag {
	case "VBD", "VBZ", "VBP", "MD":
		return false
	}
	return true
}

// objects moves f.after over what may stand between the cue and the words: the one addressed, a
// time, "in a statement", "that", a colon.
func (f *frame) objects(u *unit) {
	const longest = 18 // items between a cue and its "that"
	i := f.cueEnd
	if l := u.at(i).low; l != "" && l == f.verb.Particle() || l == "on" && f.verb.Lemma == "call" {
		i++
		f.cueEnd = i
	}
	f.after, f.addressed = i, i
	for k := i; k < len(u.items) && k < i+longest; k++ {
		it := &u.items[k]
		if it.kind == quoted || it.tag == "." || it.low == ";" || it.kind == word && finite(it) {
			break
		}
		if it.low == ":" {
			f.after = k + 1
			return
		}
		if it.low == "that" {
			if next := u.at(k + 1); next.kind == word && finite(next) {
				break // a relative clause
			}
			if prev := u.at(k - 1); k > i && prev.kind == word && (prev.low == "so" || prev.low == "such" || linking(prev.low)) {
				break
			}
			f.after, f.that = k+1, true
			return
		}
	}
	if f.verb.Class&cue.Urge != 0 && f.verb.Lemma != "call" {
		if first, end, _ := u.phraseRight(i); end > first {
			i = end
		}
	}
	// A place where it was said: "announced on Twitter".
	if l := u.at(i).low; (l == "on" || l == "via" || l == "to") && u.at(i+1).kind == name && u.at(i+2).low != "," {
		i += 2
	}
	// A time: "said on Friday", "announced yesterday".
	k := i
	if l := u.at(k).low; l == "on" || l == "in" || l == "late" || l == "early" || l == "last" || l == "this" {
		k++
	}
	// Numbers belong to it, but "said 12 people were hurt" names no time.
	timed := k > i
	for k < len(u.items) && u.items[k].kind == word && (timeWord(u.items[k].low) || timed && number(&u.items[k])) {
		timed = true
		k++
		i = k
	}
	if i < len(u.items) && u.items[i].low == "that" {
		f.that = true
		i++
	}
	f.after = i
}

// finite reports whether a word is a finite verb.
func finite(it *item) bool {
	switch it.tag {
	case "VBD", "VBZ", "VBP", "MD":
		return true
	}
	switch it.low {
	case "is", "was", "were", "are", "has", "had", "have", "will", "would":
		return true
	}
	return false
}
