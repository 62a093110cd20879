package feature

import (
	"github.com/datelinenews/dateline/extractor/text"
)

// Mode is how a sentence uses capitals. All but Normal are caseless: capitals tell little or
// nothing, and the features of such sentences have weights of their own.
type Mode uint8

// The modes.
const (
	Normal Mode = iota
	TitleCase
	AllCaps
	LowerCase
)

// modes appends the mode of each sentence of d.
func modes(d *text.Doc, out []Mode) []Mode {
	// Does the document use capitals at all? A month or weekday, "I" and what opens a sentence
	// say nothing.
	inner, words := 0, 0
	for i := range d.Sentences {
		s := &d.Sentences[i]
		started := false
		for _, t := range d.Tokens[s.FirstToken:s.EndToken] {
			c := classOf(t.Text)
			if c == other {
				continue
			}
			words++
			if started && c.upper() && !calendar[t.Text] {
				inner++
			}
			started = true
		}
	}
	plain := words >= 4 && inner*80 < words
	for i := range d.Sentences {
		s := &d.Sentences[i]
		out = append(out, modeOf(d.Tokens[s.FirstToken:s.EndToken], plain))
	}
	return out
}

func modeOf(toks []text.Token, plain bool) Mode {
	words, upper, allCaps, long, longCap, first := 0, 0, 0, 0, 0, other
	for _, t := range toks {
		c := classOf(t.Text)
		if c == other {
			continue
		}
		if words == 0 {
			first = c
		}
		words++
		if c.upper() && !calendar[t.Text] && t.Text != "I" {
			upper++
		}
		if c == capitals {
			allCaps++
		}
		if len(t.Text) > 3 {
			long++
			if c.upper() {
				longCap++
			}
		}
	}
	switch {
	case plain:
		return LowerCase
	case words >= 3 && allCaps*10 >= words*7:
		return AllCaps
	case words >= 5 && long >= 3 && longCap*10 >= long*9:
		return TitleCase
	case words >= 4 && upper == 0 && first == small:
		return LowerCase
	}
	return Normal
}

var calendar = map[string]bool{
	"Monday": true, "Tuesday": true, "Wednesday": true, "Thursday": true, "Friday": true, "Saturday": true, "Sunday": true,
	"January": true, "February": true, "March": true, "April": true, "May": true, "June": true, "July": true,
	"August": true, "September": true, "October": true, "November": true, "December": true, "I": true,
}
