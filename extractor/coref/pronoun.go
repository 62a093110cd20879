package coref

import (
	"strings"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote/cue"
	"github.com/datelinenews/dateline/extractor/text"
)

// gender is what pronouns ask of a person; it is never published.
type gender uint8

const (
	unknown gender = iota
	man
	woman
)

// Pronouns look back this far.
const (
	lookBack          = 40 // mentions
	lookBackSentences = 6
)

// Weights of a candidate, set on the development articles. A candidate below clear, or not ahead
// of the next by lead, leaves the pronoun unresolved.
const (
	perSentence    = 1.0 // for each sentence between
	perParagraph   = 0.3
	asSubject      = 1.4
	asEmbedded     = 0.7
	sameSentence   = 0.2
	inQuotation    = 1.6
	asPossessive   = 0.8
	knownGender    = 0.8
	likelyGender   = 0.8
	unlikelyGender = 2.5
	headline       = 0.5
	clear          = -3.0
	introduction   = 0.3 // a name with a role or in full
	perMention     = 0.04
	mostlyCounted  = 8
)

// occurrence is a name or a resolved pronoun that a later pronoun may refer to.
type occurrence struct {
	entity    int
	token     int
	sentence  int
	paragraph int
	subject   bool
	embedded  bool // subject of a clause inside the sentence
	possessed bool // a possessive follows: "Smith's"
	quoted    bool
	pronoun   bool
}

// pronouns is the state of one pass over the document.
type pronouns struct {
	doc      *text.Doc
	entities []Entity
	mentions []ner.Mention
	genders  []gender // shown by a title or a pronoun
	given    []gender // suggested by the given name
	counts   []int
	seen     []occurrence
}

// resolvePronouns returns the mentions with those pronouns added, in text order, whose entity is
// clear: he and she outside quotations; it and they where they speak.
func resolvePronouns(doc *text.Doc, entities []Entity, mentions []ner.Mention) []ner.Mention {
	if len(entities) == 0 {
		return mentions
	}
	p := &pronouns{doc: doc, entities: entities, mentions: mentions, counts: make([]int, len(entities))}
	p.genders, p.given = genders(doc, entities, mentions)
	stretches := doc.Quoted()
	turns := Turns(doc, stretches, mentions, entities)
	out := make([]ner.Mention, 0, len(mentions)+8)
	m, q := 0, 0
	subjectDue := true // no finite verb yet in the sentence
	sentence := -1
	for i := 0; i < len(doc.Tokens); i++ {
		t := &doc.Tokens[i]
		for q < len(stretches) && stretches[q].EndToken <= i {
			q++
		}
		for len(turns) > 0 && turns[0].EndToken <= i {
			turns = turns[1:]
		}
		quoted := q < len(stretches) && stretches[q].FirstToken <= i || len(turns) > 0 && turns[0].FirstToken <= i
		if t.Sentence != sentence {
			sentence, subjectDue = t.Sentence, true
		}
		if m < len(mentions) && mentions[m].Start <= t.Start {
			end := i + 1
			for end < len(doc.Tokens) && doc.Tokens[end].Start < mentions[m].End {
				end++
			}
			p.note(mentions[m].Entity, i, end, subjectDue, quoted, false)
			out = append(out, mentions[m])
			for m++; m < len(mentions) && mentions[m].Start < doc.Tokens[end-1].End; m++ {
				out = append(out, mentions[m])
			}
			i = end - 1
			continue
		}
		if quoted {
			continue
		}
		switch t.Tag {
		case "VBD", "VBZ", "VBP", "MD":
			subjectDue = false
		}
		if len(t.Text) > 4 || t.Tag != "PRP" && t.Tag != "PRP$" && t.Tag != "NN" && t.Tag != "NNP" {
			continue
		}
		low := strings.ToLower(t.Text)
		e := -1
		switch low {
		case "he", "she":
			e = p.person(low, i)
		case "him", "her":
			if i >= 2 && doc.Tokens[i-1].Text == "to" && strings.EqualFold(doc.Tokens[i-2].Text, "according") {
				low = map[string]string{"him": "he", "her": "she"}[low]
				e = p.person(low, i)
			}
		case "it", "they":
			if p.speaks(i) {
				e = p.body(low, i)
			}
		}
		if e < 0 {
			continue
		}
		if p.given[e] == unknown {
			switch low {
			case "he":
				p.given[e] = man
			case "she":
				p.given[e] = woman
			}
		}
		out = append(out, ner.Mention{Span: t.Span, Text: t.Text, Type: entities[e].Type, Entity: e, Form: ner.Pronoun, Score: pronounScores[low]})
		p.note(e, i, i+1, true, false, true)
	}
	return append(out, mentions[m:]...)
}

// pronounScores is how often a resolved pronoun is right where it speaks, on the development
// articles.
var pronounScores = map[string]float64{"he": 0.85, "she": 0.85, "it": 0.7, "they": 0.6}

// note remembers a mention of an entity at tokens [first, end).
func (p *pronouns) note(e, first, end int, subject, quoted, pronoun bool) {
	o := occurrence{entity: e, token: first, sentence: p.doc.Tokens[first].Sentence, subject: subject, quoted: quoted, pronoun: pronoun}
	o.paragraph = p.doc.Sentences[o.sentence].Paragraph
	if end < len(p.doc.Tokens) && p.doc.Tokens[end].Tag == "POS" {
		o.possessed = true
	}
	if first > 0 && !pronoun {
		if t := p.doc.Tokens[first-1]; t.Sentence == o.sentence && (t.Tag == "IN" || t.Tag == "TO") {
			o.subject = false
		}
	}
	if !o.subject && !quoted && end < len(p.doc.Tokens) {
		switch p.doc.Tokens[end].Tag {
		case "VBD", "VBZ", "VBP", "MD":
			o.embedded = true
		}
	}
	p.counts[e]++
	p.seen = append(p.seen, o)
}

// person finds whom "he" or "she" at token i stands for, -1 where that is not clear.
func (p *pronouns) person(low string, i int) int {
	want := man
	if low == "she" {
		want = woman
	}
	return p.best(i, func(e int) (float64, bool) {
		if p.entities[e].Type != ner.Person {
			return 0, false
		}
		switch p.genders[e] {
		case want:
			return knownGender, true
		case unknown:
			switch p.given[e] {
			case want:
				return likelyGender, true
			case unknown:
				return 0, true
			}
			return -unlikelyGender, true
		}
		return 0, false
	})
}

// body finds which organisation "it" or "they" at token i stands for.
func (p *pronouns) body(low string, i int) int {
	return p.best(i, func(e int) (float64, bool) {
		switch p.entities[e].Type {
		case ner.Organisation:
			return 0, true
		case ner.Person:
			return 0, false
		}
		return -1.5, low == "it"
	})
}

// best is the candidate with the highest weight.
func (p *pronouns) best(i int, fits func(e int) (float64, bool)) int {
	here := p.doc.Tokens[i].Sentence
	paragraph := p.doc.Sentences[here].Paragraph
	best, bestWeight := -1, clear
	for k := len(p.seen) - 1; k >= 0 && k >= len(p.seen)-lookBack; k-- {
		o := &p.seen[k]
		if here-o.sentence > lookBackSentences && best >= 0 {
			break
		}
		w, ok := fits(o.entity)
		if !ok {
			continue
		}
		w -= perSentence*float64(min(here-o.sentence, lookBackSentences)) + perParagraph*float64(min(paragraph-o.paragraph, 4))
		if o.subject {
			w += asSubject
		}
		if o.embedded {
			w += asEmbedded
		}
		if o.quoted {
			w -= inQuotation
		}
		if o.possessed {
			w -= asPossessive
		}
		if o.sentence == here {
			w += sameSentence
		}
		if p.doc.InTitle(p.doc.Tokens[o.token].Start) {
			w -= headline
		}
		w += perMention * float64(min(p.counts[o.entity], mostlyCounted))
		if w > bestWeight {
			best, bestWeight = o.entity, w
		}
	}
	return best
}

// speaks reports whether the pronoun at token i is the subject of a verb of speaking.
func (p *pronouns) speaks(i int) bool {
	for j := i + 1; j < len(p.doc.Tokens) && j < i+5; j++ {
		t := &p.doc.Tokens[j]
		low := strings.ToLower(t.Text)
		if v, ok := cue.Lookup(low); ok && (strings.HasPrefix(t.Tag, "VB") || v.Class&cue.Say != 0) {
			particle := v.Particle()
			return particle == "" || j+1 < len(p.doc.Tokens) && p.doc.Tokens[j+1].Text == particle
		}
		if t.Tag != "RB" && t.Tag != "MD" && low != "has" && low != "have" && low != "had" && low != "also" && low != "did" && low != "do" && low != "does" {
			return false
		}
	}
	return false
}

// genders reads what honorifics, titles and given names show.
func genders(doc *text.Doc, entities []Entity, mentions []ner.Mention) (out, given []gender) {
	out = make([]gender, len(entities))
	given = make([]gender, len(entities))
	tok := 0
	for i := range mentions {
		m := &mentions[i]
		if m.Type != ner.Person {
			continue
		}
		for tok < len(doc.Tokens) && doc.Tokens[tok].End <= m.Start {
			tok++
		}
		for k := tok - 1; k >= 0 && k >= tok-3 && doc.Tokens[k].Sentence == doc.Tokens[min(tok, len(doc.Tokens)-1)].Sentence; k-- {
			if g := titleGender(doc.Tokens[k].Text); g != unknown && out[m.Entity] == unknown {
				out[m.Entity] = g
			}
			if doc.Tokens[k].Tag == "," || doc.Tokens[k].Tag == "IN" {
				break
			}
		}
		if first, _, ok := strings.Cut(m.Text, " "); ok && given[m.Entity] == unknown {
			given[m.Entity] = givenGender(first)
		}
	}
	return out, given
}

// titleGender is what a word before a name shows.
func titleGender(w string) gender {
	switch strings.ToLower(strings.TrimSuffix(w, ".")) {
	case "mr", "sir", "lord", "king", "prince", "baron", "father", "brother", "spokesman", "chairman", "businessman", "congressman", "emperor", "sheikh", "pope", "u", "saw", "ko", "salai", "policeman", "councilman", "assemblyman", "husband", "son":
		return man
	case "mrs", "ms", "miss", "lady", "dame", "queen", "princess", "baroness", "sister", "spokeswoman", "chairwoman", "businesswoman", "congresswoman", "actress", "duchess", "daw", "naw", "ma", "mother", "wife", "daughter", "madam", "mme", "councilwoman", "assemblywoman":
		return woman
	}
	return unknown
}
