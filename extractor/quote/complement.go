package quote

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/datelinenews/dateline/extractor/quote/cue"
)

// stance is what a noun or an adjective that reports something is.
type stance uint8

const (
	stanceNoun      stance = 1 << iota // "his claim that"
	stanceAdjective                    // "is confident that"
)

// Written for this project.
//
//go:embed data/stances.tsv
var stancesTSV string

var stances = sync.OnceValue(func() map[string]stance {
	return classesOf(stancesTSV, map[string]stance{"noun": stanceNoun, "adjective": stanceAdjective})
})

// complements adds what a frame of a verb may report that is no clause after "that" or without it:
// an object, what is talked about, what somebody means to do. Where such a phrase ends is for the
// weights to choose among the ends that the grammar offers.
func (u *unit) complements(fr *frame, add func(first, end int, how, prep string)) {
	i := fr.cueEnd
	if fr.inverted {
		return
	}
	for i < len(u.items) && u.items[i].kind == word && (u.items[i].tag == "RB" || adverb(u.items[i].low)) {
		i++
	}
	if u.at(i).low == "to" && u.at(i+1).kind == word && strings.HasPrefix(u.at(i+1).tag, "VB") {
		if fr.verb.Class&cue.Commit == 0 {
			add(i, u.clauseEnd(i, fr), "to", "")
			if end := u.shortEnd(i+2, u.clauseEnd(i, fr)); end > i+1 {
				add(i, end, "to-cut", "")
			}
		}
		return
	}
	prep := ""
	if preposition(u.at(i).low) && u.at(i).kind == word {
		prep = u.at(i).low
		i++
	}
	u.phrases(i, fr, "object", prep, add)
	// The one addressed, then what is to be done: "encouraged voters to register".
	if prep == "" {
		if _, end, _ := u.phraseRight(i); end > i && u.at(end).low == "to" && strings.HasPrefix(u.at(end+1).tag, "VB") {
			add(end, u.clauseEnd(end, fr), "object-to", "")
		}
	}
}

// phrases adds the phrase that starts at item i, with each of its possible ends.
func (u *unit) phrases(i int, fr *frame, how, prep string, add func(first, end int, how, prep string)) {
	if !u.startsPhrase(i) {
		return
	}
	long := u.clauseEnd(i, fr)
	_, near, _ := u.phraseRight(i)
	short := u.shortEnd(max(i+1, near), long)
	if near > i && near < short {
		add(i, near, how+"-near", prep)
	}
	if short > i && short < long {
		add(i, short, how+"-short", prep)
	}
	if long > i {
		add(i, long, how, prep)
	}
}

// shortEnd is the first place in [from, end) where a phrase may end: before a comma, a dash, a
// bracket or a word that opens a clause of the reporter's own.
func (u *unit) shortEnd(from, end int) int {
	for k := from; k < end; k++ {
		it := &u.items[k]
		if it.kind != word {
			continue
		}
		switch it.low {
		case ",", "—", "–", "-", "--", "(", ";", ":", "when", "while", "after", "before", "because", "as", "since", "during", "although", "though", "but", "if", "unless", "until":
			return k
		}
		if it.low == "and" && k+1 < end && finite(u.at(k+1)) {
			return k
		}
	}
	return end
}

// startsPhrase reports whether what a verb is about may start with item i.
func (u *unit) startsPhrase(i int) bool {
	it := u.at(i)
	switch it.kind {
	case name:
		return true
	case quoted:
		return false
	}
	if timeWord(it.low) {
		return false
	}
	switch it.tag {
	case "DT", "PRP", "PRP$", "NN", "NNS", "NNP", "NNPS", "JJ", "JJR", "JJS", "CD", "VBG", "PDT", "$", "WP", "WRB":
		return true
	}
	return interrogative(it)
}

// preposition reports whether a word may stand between a verb and what is said: "called for",
// "spoke about".
func preposition(low string) bool {
	switch low {
	case "for", "about", "of", "on", "to", "against", "with", "over", "at", "in", "from", "into", "as", "by", "behind", "toward", "towards", "between", "out":
		return true
	}
	return false
}

// stanceFrames are the acts of speaking and the states of mind that nouns, adjectives and verbs name which
// take no quotation.
func (u *unit) stanceFrames() []frame {
	var out []frame
	for i := range u.items {
		it := &u.items[i]
		if it.kind != word || len(it.tag) < 2 {
			continue
		}
		if v, ok := cue.Stance(it.low); ok && u.isVerb(i, v) {
			if f, ok := u.verbFrame(i, v); ok && f.subjFirst >= 0 && !f.passive && !f.inverted {
				out = append(out, f)
			}
			continue
		}
		s := stances()[it.low]
		if s == 0 {
			continue
		}
		switch {
		case s&stanceAdjective != 0 && (strings.HasPrefix(it.tag, "JJ") || it.tag == "VBN" || it.tag == "VBD" || it.tag == "RB" || it.tag == "NN"):
			if f, ok := u.adjectiveFrame(i); ok {
				out = append(out, f)
			}
		case s&stanceNoun != 0 && strings.HasPrefix(it.tag, "NN"):
			if f, ok := u.nounFrame(i); ok {
				out = append(out, f)
			}
		}
	}
	return out
}

// adjectiveFrame is the frame of the adjective at item i: "Smith was confident that …".
func (u *unit) adjectiveFrame(i int) (frame, bool) {
	j := i - 1
	for j >= 0 && u.items[j].kind == word && (u.items[j].tag == "RB" || adverb(u.items[j].low)) {
		j--
	}
	switch low := u.at(j).low; {
	case j < 0 || u.items[j].kind != word:
		return frame{}, false
	case be(low) || low == "'s" || low == "’s" || low == "'re" || low == "’re":
	case low == "feel" || low == "feels" || low == "felt" || low == "remain" || low == "remains" || low == "remained" || low == "seem" || low == "seems" ||
		low == "seemed" || low == "appeared" || low == "appears" || low == "became" || low == "sounded" || low == "looked":
	case low == "it" || low == "made" || low == "make" || low == "makes" || low == "making": // "made it clear"
	default:
		return frame{}, false
	}
	first := j
	for j >= 0 && u.items[j].kind == word && (auxiliary(u.items[j].low) || u.items[j].tag == "RB" || adverb(u.items[j].low) || strings.HasPrefix(u.items[j].tag, "VB") || j == first) {
		j--
	}
	u.steps = 0
	f := frame{verb: cue.Verb{Lemma: u.items[i].low, Tense: cue.Past}, cueFirst: j + 1, cueEnd: i + 1, after: i + 1, addressed: i + 1}
	f.subjFirst, f.subjEnd, f.head = u.subjectLeft(j, 0)
	f.clauseFirst = f.subjFirst
	return f, f.subjFirst >= 0
}

// nounFrame is the frame of the noun at item i: "Smith's claim that …", "a promise by Smith to …",
// "Smith voiced fears that …".
func (u *unit) nounFrame(i int) (frame, bool) {
	f := frame{verb: cue.Verb{Lemma: u.items[i].low, Tense: cue.Past}, cueFirst: i, cueEnd: i + 1, after: i + 1, addressed: i + 1, clauseFirst: i,
		subjFirst: -1, subjEnd: -1, head: -1}
	j := i - 1
	for j >= 0 && j > i-6 && u.items[j].kind == word && (strings.HasPrefix(u.items[j].tag, "JJ") || u.items[j].tag == "NN" || u.items[j].tag == "VBN" || u.items[j].tag == "VBG" || u.items[j].tag == "CD") {
		j--
	}
	u.steps = 0
	switch p := u.at(j); {
	case j >= 0 && p.kind == word && p.tag == "PRP$":
		f.subjFirst, f.subjEnd, f.head = j, j+1, u.pronounHead(j)
		f.participle = true // who it is, is further off
	case j > 0 && p.kind == word && p.tag == "POS":
		f.subjFirst, f.subjEnd, f.head = u.phraseLeft(j - 1)
	default:
		// "the report by Smith that", "calls from activists for".
		if low := u.at(i + 1).low; low == "by" || low == "from" || low == "among" {
			if first, end, head := u.phraseRight(i + 2); end > first {
				f.subjFirst, f.subjEnd, f.head, f.after = first, end, head, end
				f.inverted = true
				break
			}
		}
		if j > 0 {
			if p.kind == word && (p.tag == "DT" || p.tag == "IN") {
				j--
			}
			if first, end, head := u.subjectOfVerbBefore(j, 0); first >= 0 && j-end < 12 {
				f.subjFirst, f.subjEnd, f.head = first, end, head
				f.passive = true // only as the verb says
			}
		}
	}
	return f, f.subjFirst >= 0 && f.subjEnd > f.subjFirst
}

// stanceClauses adds what a frame of a noun or an adjective may report.
func (u *unit) stanceClauses(fr *frame, kind string, add func(first, end int, how, prep string)) {
	plain := *fr
	plain.inverted, plain.passive, plain.participle = false, false, false
	i := fr.after
	switch next := u.at(i); {
	case next.kind != word:
		return
	case next.low == "that":
		if n := u.at(i + 1); n.kind == word && finite(n) {
			return // a relative clause
		}
		end := u.clauseEnd(i+1, &plain)
		add(i+1, end, kind+"-that", "")
		if cut := u.comment(i+1, end); cut > 0 {
			add(i+1, cut, kind+"-that-cut", "")
		}
	case next.low == "to" && strings.HasPrefix(u.at(i+1).tag, "VB"):
		end := u.clauseEnd(i, &plain)
		add(i, end, kind+"-to", "")
		if short := u.shortEnd(i+2, end); short < end {
			add(i, short, kind+"-to-cut", "")
		}
	case preposition(next.low):
		u.phrases(i+1, &plain, kind, next.low, add)
	case kind == "adjective" && u.startsClause(i) && u.opensClause(i, u.clauseEnd(i, &plain)):
		add(i, u.clauseEnd(i, &plain), kind+"-clause", "")
	}
}
