package eval

import (
	"slices"
	"strings"
	"unicode"
)

// pair is a match of a[i] with b[j].
type pair struct {
	value float64
	i, j  int
}

// pairs matches n things with m others, one to one, greedily by descending value; a value of 0 is
// no match. Of equal values the later indices go first.
func pairs(n, m int, value func(i, j int) float64) []pair {
	var all []pair
	for i := range n {
		for j := range m {
			if v := value(i, j); v > 0 {
				all = append(all, pair{v, i, j})
			}
		}
	}
	slices.SortFunc(all, func(a, b pair) int {
		switch {
		case a.value != b.value:
			if a.value > b.value {
				return -1
			}
			return 1
		case a.i != b.i:
			return b.i - a.i
		}
		return b.j - a.j
	})
	usedA, usedB := make([]bool, n), make([]bool, m)
	var out []pair
	for _, p := range all {
		if !usedA[p.i] && !usedB[p.j] {
			usedA[p.i], usedB[p.j] = true, true
			out = append(out, p)
		}
	}
	return out
}

func (s Span) overlaps(o Span) bool { return s.Start < o.End && o.Start < s.End }

// iou is the length of the intersection over that of the union, 0 where the spans don't touch.
func iou(a, b Span) float64 {
	i := min(a.End, b.End) - max(a.Start, b.Start)
	if i <= 0 {
		return 0
	}
	return float64(i) / float64(max(a.End, b.End)-min(a.Start, b.Start))
}

// trim cuts white space, a leading article and a possessive ending off a name.
func trim(text []rune, s Span) Span {
	for s.Start < s.End && space(text[s.Start]) {
		s.Start++
	}
	for s.End > s.Start && space(text[s.End-1]) {
		s.End--
	}
	s.Start += article(text[s.Start:s.End])
	if n := s.End; n-s.Start >= 2 && text[n-1] == 's' && (text[n-2] == '\'' || text[n-2] == '’') {
		cut := n - 2
		if cut > s.Start && space(text[cut-1]) {
			cut--
		}
		if cut > s.Start {
			s.End = cut
		}
	}
	return s
}

// article is the length of the leading article of s with the space after it, 0 where it has none.
func article(s []rune) int {
	word := 0
	for word < len(s) && !space(s[word]) {
		word++
	}
	if word > 3 || word == len(s) {
		return 0
	}
	switch strings.ToLower(string(s[:word])) {
	case "the", "an", "a":
	default:
		return 0
	}
	n := word
	for n < len(s) && space(s[n]) {
		n++
	}
	return n
}

// bare cuts marks, spaces and closing punctuation off a quote, for comparison.
func bare(text []rune, s Span) Span {
	const marks = "\"“”'‘’«» \n"
	for s.Start < s.End && strings.ContainsRune(marks, text[s.Start]) {
		s.Start++
	}
	for s.End > s.Start && strings.ContainsRune(marks+",.", text[s.End-1]) {
		s.End--
	}
	return s
}

// plain is a name for comparison: lower case, straight apostrophes, no leading article.
func plain(name string) string {
	r := []rune(strings.ToLower(name))
	return strings.ReplaceAll(string(r[article(r):]), "’", "'")
}

// space reports white space as Unicode's bidirectional classes and the judge have it: the
// information separators count too.
func space(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }
