package quote

import (
	"strings"

	"github.com/datelinenews/dateline/extractor/quote/cue"
)

// features describes the stretch at item k, which rule gives to the frame fr, if any. Marks also
// stand around titles of works, nicknames and terms that are nobody's utterance: a logistic
// regression tells them apart.
func (f *finder) features(u *unit, k int, fr *frame, rule string) []string {
	s := &f.stretches[u.items[k].ref]
	out := make([]string, 0, 32)
	add := func(name string) { out = append(out, name) }
	add("bias")
	words, capitals, verbs, firstPerson, digits := 0, 0, 0, 0, 0
	for i := s.FirstToken; i < s.EndToken && words < 40; i++ {
		t := &f.doc.Tokens[i]
		if !letterOrDigit(t.Text) {
			continue
		}
		words++
		if r := firstRune(t.Text); r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			capitals++
			if r <= '9' {
				digits++
			}
		}
		switch t.Tag {
		case "VBD", "VBZ", "VBP", "MD":
			verbs++
		}
		switch t.Text {
		case "I", "we", "We", "my", "our", "us", "you", "You", "me":
			firstPerson++
		}
	}
	if words == 0 {
		return []string{"empty"}
	}
	add("words=" + [...]string{"0", "1", "2", "3", "4", "5", "5", "7", "7", "7"}[min(words, 9)])
	if words > 9 {
		add("words>9")
	}
	last := f.doc.Tokens[s.EndToken-1].Text
	ended := strings.ContainsAny(last, ".!?…")
	switch {
	case ended:
		add("ended")
	case last == ",":
		add("comma")
	}
	if verbs > 0 {
		add("verb")
	}
	if firstPerson > 0 {
		add("first-person")
	}
	if digits > 0 {
		add("digits")
	}
	switch {
	case words > 1 && capitals == words:
		add("title-case")
	case words > 2 && capitals*2 >= words:
		add("half-capitals")
	case words == 1 && capitals == 1:
		add("one-capital")
	}
	if s.Single {
		add("single")
	}
	add("rule=" + rule)
	if fr != nil {
		switch c := fr.verb.Class; {
		case fr.according:
			add("cue=according")
		case fr.verb.Lemma == "":
			add("cue=none")
		case fr.passive:
			add("cue=passive")
		case c&cue.Call != 0 && c&cue.Say == 0:
			add("cue=call")
		case c&cue.Say != 0:
			add("cue=say")
		default:
			add("cue=other")
		}
		if fr.cueFirst >= 0 && fr.cueFirst < k && k-fr.cueEnd > 12 {
			add("cue-far")
		}
	}
	p, n := u.at(k-1), u.at(k+1)
	add("prev=" + neighbour(p))
	if is(p.low, naming) || p.low == "as" && is(u.at(k-2).low, naming) || is(u.at(k-2).low, naming) && (p.tag == "DT" || p.tag == "PRP") {
		add("named")
	}
	if is(p.low, work) {
		add("work")
	}
	add("next=" + neighbour(n))
	if p.kind == word && p.low != "" {
		add("prev-word=" + p.low)
	}
	if n.kind == word && n.low != "" {
		add("next-word=" + n.low)
	}
	add("first-tag=" + f.doc.Tokens[s.FirstToken].Tag)
	add("last-tag=" + f.doc.Tokens[s.EndToken-1].Tag)
	if fr != nil {
		add("lemma=" + fr.verb.Lemma)
	}
	if u.inTitle || u.first == 0 {
		add("headline")
	}
	switch c := f.frames[u.index]; {
	case len(c) == 0:
		add("no-frames")
	case len(c) == 1:
		add("one-frame")
	}
	if f.alone(u) {
		add("alone")
		if !ended {
			add("alone-open")
		}
		if words > 1 && capitals*3 >= words*2 {
			add("alone-capitals")
		}
	}
	if words <= 3 {
		add("short,prev=" + neighbour(p))
		add("short,next=" + neighbour(n))
		if fr != nil && fr.verb.Class&(cue.Say|cue.Call) != 0 && !fr.passive {
			add("short,cue")
		}
	}
	return out
}

// neighbour says what stands beside a stretch.
func neighbour(it *item) string {
	switch it.kind {
	case name:
		return "name"
	case quoted:
		return "quoted"
	}
	switch it.low {
	case "":
		return "none"
	case ":", ",", ".", "as", "and", "of", "to", "by", "be", "that", "a", "the", "an", "is", "was", "were", "are":
		return it.low
	}
	switch {
	case strings.HasPrefix(it.tag, "NN"):
		return "noun"
	case strings.HasPrefix(it.tag, "VB"):
		return "verb"
	case len(it.tag) > 1:
		return it.tag
	}
	return "other"
}
