package timex

import "strings"

// dated is a year that the text states, and where.
type dated struct{ token, year int }

// accept reports whether an expression is one in its surroundings: a bare number can be an amount
// as well as a year.
func (f *finder) accept(e *expr) bool {
	in := f.r.inner(e)
	if in.f[fOp] == opDate && in.has(fYear) && !in.has(fMonth) && in.end-in.first == 1 {
		return f.year(e, in)
	}
	return true
}

// year reports whether four digits are a year.
func (f *finder) year(e, in *expr) bool {
	toks, atoms := f.r.doc.Tokens, f.m.atoms
	i := int(in.first)
	if atoms[i].cls&clsY2 != 0 {
		return true
	}
	y := in.f[fYear]
	prev, next := "", ""
	if i > 0 {
		prev = strings.ToLower(toks[i-1].Text)
	}
	if i+1 < len(toks) {
		next = toks[i+1].Text
	}
	switch prev {
	case "$", "£", "€", "¥", "#", "no", "no.", "than", "-", "–", "nearly", "over", "almost":
		if prev != "-" && prev != "–" {
			return false
		}
	}
	switch next {
	case "%", "percent", "°", "people", "miles", "km", "points", "meters", "metres", "feet", "kilometers", "kilometres", "pounds", "million", "billion":
		return false
	}
	if i+1 < len(toks) && toks[i+1].Tag == "NNS" && (y < 1900 || y > 2100) {
		return false
	}
	if y >= 1900 && y <= 2050 {
		return true
	}
	switch prev {
	case "in", "since", "by", "until", "from", "before", "after", "around", "circa", "of", "during", "between":
		return next != "," || !strings.HasPrefix(toks[i].Tag, "NN")
	}
	return false
}
