package coref

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/text"
)

// Turn is a paragraph of what somebody says in a transcript, where labels stand before the words and no
// marks need be around them: "WALLACE: Will she be there?"
type Turn struct {
	// Quoted's marks are empty where there are none. It Continues where the turn has begun in an earlier
	// paragraph.
	text.Quoted
	// Label names the speaker ("WALLACE").
	Label text.Span
	// Entity is whom the label names, -1 where that is no entity.
	Entity int
}

// label is what stands before the colon at the start of a paragraph, and may name who speaks.
type label struct {
	paragraph  int
	first, end int // tokens; the colon's is end
	body       int // the first token of what is said
	key        string
	span       text.Span // of the name in it
	entity     int       // -1: none
	// known: it is a person or a part in a conversation. possible: it may be one beside those that are.
	known, possible bool
	asks, answers   bool // "Q:", "A:"
	verb            bool // what is said has a finite verb
	talk            bool // it speaks of I and you, or asks
}

// Bounds of a transcript.
const (
	longestLabel   = 14 // tokens
	longestTurn    = 8  // paragraphs
	leastTurns     = 3
	leastAnnounced = 2 // turns after a line that announces them
)

// Turns finds the turns of conversations that are written as labels and words. Marked is the document's
// stretches in quotation marks, mentions and entities are Resolve's.
func Turns(doc *text.Doc, marked []text.Quoted, mentions []ner.Mention, entities []Entity) []Turn {
	var labels []label
	var last map[string]int
	for p := range doc.Paragraphs {
		l, ok := labelOf(doc, p)
		if !ok {
			continue
		}
		if last == nil {
			last = lastNames(entities)
		}
		l.identify(doc, mentions, last)
		labels = append(labels, l)
	}
	var out []Turn
	for from := 0; from < len(labels); {
		to := from + 1
		if labels[from].paragraph == 0 && (to == len(labels) || labels[to].paragraph > 1) {
			from++ // a headline: "Doe: Taxes must fall"
			continue
		}
		for to < len(labels) && labels[to].paragraph-labels[to-1].paragraph <= longestTurn {
			to++
		}
		if run := labels[from:to]; conversation(doc, run) {
			interviewee(doc, run, mentions, entities)
			for i := range run {
				if !run[i].possible {
					continue
				}
				stop := run[i].paragraph + 1
				if i+1 < len(run) {
					stop = run[i+1].paragraph
				}
				out = appendTurn(out, doc, marked, &run[i], stop)
			}
		}
		from = to
	}
	return out
}

// labelOf reads the label of a paragraph.
func labelOf(doc *text.Doc, p int) (label, bool) {
	par := &doc.Paragraphs[p]
	first, end := doc.Sentences[par.FirstSentence].FirstToken, doc.Sentences[par.EndSentence-1].EndToken
	if doc.InTitle(doc.Tokens[first].Start) {
		return label{}, false
	}
	if isMark(doc.Tokens[first].Text) {
		first++
	}
	l := label{paragraph: p, first: first, entity: -1}
	depth, capitals := 0, true
	for i := first; i < end && i < first+longestLabel; i++ {
		t := doc.Tokens[i].Text
		switch {
		case t == ":":
			l.end, l.body = i, i+1
		case i == first && (t == "Q." || t == "A."):
			l.end, l.body = i+1, i+1
		case t == "(" || t == "[":
			depth++
			continue
		case t == ")" || t == "]":
			depth--
			continue
		case depth > 0 || t == "." || t == "-" || t == "’s" || t == "'s" || t == "," && capitals:
			continue
		default:
			if !unicode.IsUpper(firstRune(t)) && t != "de" && t != "van" && t != "al" && t != "bin" || i > first+4 && !capitals {
				return l, false
			}
			capitals = capitals && strings.ToUpper(t) == t
			continue
		}
		break
	}
	if l.end <= first || l.body >= end || depth != 0 {
		return l, false
	}
	if s := doc.Text[doc.Tokens[l.body-1].End:doc.Tokens[l.body].Start]; s == "" {
		return l, false // "12:30", "https://"
	}
	words := 0
	for i := l.body; i < end; i++ {
		t := &doc.Tokens[i]
		if letterOrDigit(t.Text) {
			words++
		}
		switch t.Tag {
		case "VBD", "VBZ", "VBP", "MD":
			l.verb = true
		}
		switch t.Text {
		case "I", "me", "my", "My", "we", "We", "us", "our", "Our", "you", "You", "your", "Your", "?":
			l.talk = true
		}
	}
	return l, words > 0
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func letterOrDigit(s string) bool {
	r := firstRune(s)
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// isMark reports whether a token is a double quotation mark.
func isMark(t string) bool {
	switch t {
	case "\"", "“", "”", "„", "«", "»", "``", "''":
		return true
	}
	return false
}

// identify says who the label is.
func (l *label) identify(doc *text.Doc, mentions []ner.Mention, last map[string]int) {
	// The name ends before what says more of it: "JAKE TAPPER, CNN HOST".
	end := l.first
	for end < l.end && doc.Tokens[end].Text != "," && doc.Tokens[end].Text != "(" && doc.Tokens[end].Text != "[" {
		end++
	}
	if end == l.first {
		return
	}
	span := text.Span{Start: doc.Tokens[l.first].Start, End: doc.Tokens[end-1].End}
	if t := span.In(doc.Text); t == "Q." || t == "A." {
		span.End--
	}
	l.span = span
	word := doc.Tokens[end-1].Text
	l.key = strings.TrimSuffix(strings.ToLower(word), ".")
	whole := span.In(doc.Text)
	capitals := strings.ToUpper(whole) == whole
	switch l.key {
	case "q", "question":
		l.asks, l.known, l.possible, l.key = true, true, true, "q"
		return
	case "a", "answer":
		l.answers, l.known, l.possible, l.key = true, true, true, "a"
		return
	}
	if lists().headings[l.key] {
		return
	}
	m := sort.Search(len(mentions), func(i int) bool { return mentions[i].End > span.Start })
	for ; m < len(mentions) && mentions[m].Start < span.End; m++ {
		if x := &mentions[m]; x.Form != ner.Pronoun && x.End <= span.End && x.Type != ner.Place {
			l.possible = true
			l.known = l.known || x.Type == ner.Person
			l.entity = x.Entity
		}
	}
	if e, ok := last[l.key]; ok && e >= 0 && !l.known {
		l.known, l.possible, l.entity = true, true, e
	}
	if IsRole(word) {
		l.known, l.possible = true, true
	}
	if capitals && len(word) > 1 {
		l.possible = true
	}
}

// lastNames gives the person whose last name, in lower case, each word is; -1 where several have it.
func lastNames(entities []Entity) map[string]int {
	out := map[string]int{}
	for i := range entities {
		if entities[i].Type != ner.Person {
			continue
		}
		w := strings.ToLower(entities[i].Name[strings.LastIndexByte(entities[i].Name, ' ')+1:])
		if _, ok := out[w]; ok {
			out[w] = -1
			continue
		}
		out[w] = i
	}
	return out
}

// conversation reports whether a run of labelled paragraphs is one: two or more take turns, they speak
// of themselves and to each other, and some are known to be people. Lists ("Doe: 46 seats."), guides
// ("Doe: Would raise taxes.") and notes are none.
func conversation(doc *text.Doc, run []label) bool {
	n, known, verbs, talk, own, answers := 0, 0, 0, 0, 0, 0
	asked, taken := false, false
	first := -1
	seen := map[string]int{}
	for i := range run {
		l := &run[i]
		if !l.possible {
			continue
		}
		if first < 0 {
			first = i
		}
		if at, ok := seen[l.key]; ok && at != n-1 {
			taken = true
		}
		seen[l.key] = n
		n++
		known += count(l.known)
		verbs += count(l.verb)
		talk += count(l.talk)
		asked = asked || l.asks
		answers += count(l.answers)
		own += count(l.answers && l.talk)
	}
	if len(seen) < 2 || known == 0 || 2*verbs < n || 3*talk < n {
		return false
	}
	if asked && answers > 0 {
		return 3*own >= answers // who explains something by questions says neither I nor you
	}
	return taken && n >= leastTurns || n >= leastAnnounced && announced(doc, run[first].paragraph)
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// announced reports whether the paragraph before this one says that a conversation follows.
func announced(doc *text.Doc, p int) bool {
	if p == 0 {
		return false
	}
	b := &doc.Paragraphs[p-1]
	for i := doc.Sentences[b.EndSentence-1].FirstToken; i < doc.Sentences[b.EndSentence-1].EndToken; i++ {
		switch strings.ToLower(doc.Tokens[i].Text) {
		case "transcript", "transcripts", "interview", "exchange", "conversation", "excerpt", "excerpts", "dialogue":
			return true
		}
	}
	return false
}

// interviewee gives the answers to the one person whom the headline names, or else to the one person
// who is named before them, if there is but one.
func interviewee(doc *text.Doc, run []label, mentions []ner.Mention, entities []Entity) {
	headline := doc.Paragraphs[0].End
	start := doc.Tokens[run[0].first].Start
	who := onlyPerson(mentions, entities, min(headline, start))
	if who < 0 {
		who = onlyPerson(mentions, entities, start)
	}
	if who < 0 {
		return
	}
	for i := range run {
		if run[i].answers {
			run[i].entity = who
		}
	}
}

// onlyPerson is the person whom the text before an offset names, -1 where that is nobody or several.
func onlyPerson(mentions []ner.Mention, entities []Entity, before int) int {
	who := -1
	for i := range mentions {
		if mentions[i].Start >= before {
			break
		}
		e := mentions[i].Entity
		if entities[e].Type != ner.Person || e == who {
			continue
		}
		if who >= 0 {
			return -1
		}
		who = e
	}
	return who
}

// appendTurn appends the paragraphs of a turn, which ends before paragraph stop.
func appendTurn(out []Turn, doc *text.Doc, marked []text.Quoted, l *label, stop int) []Turn {
	for p := l.paragraph; p < stop; p++ {
		par := &doc.Paragraphs[p]
		first, end := doc.Sentences[par.FirstSentence].FirstToken, doc.Sentences[par.EndSentence-1].EndToken
		s := Turn{Label: l.span, Entity: l.entity}
		if p == l.paragraph {
			s.FirstToken = l.body
		} else {
			s.FirstToken = first
			s.Continues = true
			if direction(doc, first, end) {
				continue
			}
		}
		if isMark(doc.Tokens[s.FirstToken].Text) && s.FirstToken+1 < end && encloses(doc, marked, s.FirstToken, end) {
			s.Open = doc.Tokens[s.FirstToken].Span
			s.FirstToken++
		}
		s.EndToken = end
		if isMark(doc.Tokens[end-1].Text) && s.FirstToken < end-1 && closes(marked, doc.Tokens[end-1].Start, doc.Tokens[s.FirstToken].Start) {
			s.EndToken = end - 1
			s.Close = doc.Tokens[end-1].Span
		}
		if s.FirstToken >= s.EndToken {
			continue
		}
		s.Span = text.Span{Start: doc.Tokens[s.FirstToken].Start, End: doc.Tokens[s.EndToken-1].End}
		if s.Open.Len() == 0 {
			s.Open = text.Span{Start: s.Start, End: s.Start}
		}
		if s.Close.Len() == 0 {
			s.Close = text.Span{Start: s.End, End: s.End}
		}
		out = append(out, s)
	}
	return out
}

// direction reports whether a paragraph is what happens between turns: "(CROSSTALK)", "….".
func direction(doc *text.Doc, first, end int) bool {
	if isMark(doc.Tokens[first].Text) && first+1 < end {
		first++
	}
	if t := doc.Tokens[first].Text; t == "(" || t == "[" {
		for i := first; i < end; i++ {
			if t := doc.Tokens[i].Text; t == ")" || t == "]" {
				return i+3 >= end
			}
		}
	}
	for i := first; i < end; i++ {
		if letterOrDigit(doc.Tokens[i].Text) {
			return false
		}
	}
	return true
}

// encloses reports whether the mark at token i opens a stretch that goes to the end of its paragraph.
func encloses(doc *text.Doc, marked []text.Quoted, i, end int) bool {
	at := doc.Tokens[i].Start
	q := sort.Search(len(marked), func(i int) bool { return marked[i].Open.Start >= at })
	return q < len(marked) && marked[q].Open.Start == at && marked[q].EndToken >= end-1
}

// closes reports whether the mark at an offset closes a stretch that was opened before another offset.
func closes(marked []text.Quoted, at, before int) bool {
	i := sort.Search(len(marked), func(i int) bool { return marked[i].Close.Start >= at })
	return i < len(marked) && marked[i].Close.Start == at && marked[i].Close.Len() > 0 && marked[i].Open.Start < before
}
