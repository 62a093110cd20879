package search

import (
	"strings"
	"unicode"
)

// Clause is a part of Query.Words.
type Clause struct {
	// Phrase is words that must occur one after the other; often one word.
	Phrase string
	// Not says that they must not occur.
	Not bool
}

// Clauses parses Words. Straight and curly double quotes make phrases, an unclosed one to the end.
// What holds no letter or digit is left out.
func (q *Query) Clauses() []Clause {
	var (
		out    []Clause
		b      strings.Builder
		not    bool
		quoted bool
	)
	end := func() {
		phrase := strings.Join(strings.Fields(b.String()), " ")
		if strings.ContainsFunc(phrase, isWordRune) {
			out = append(out, Clause{Phrase: phrase, Not: not})
		}
		b.Reset()
		not = false
	}
	for _, r := range q.Words {
		switch {
		case isMark(r):
			if b.Len() > 0 || quoted {
				end()
			}
			quoted = !quoted
		case quoted:
			b.WriteRune(r)
		case unicode.IsSpace(r):
			if b.Len() > 0 {
				end()
			}
			not = false
		case r == '-' && b.Len() == 0 && !not:
			not = true
		default:
			b.WriteRune(r)
		}
	}
	end()
	return out
}

func isMark(r rune) bool { return strings.ContainsRune("\"“”„«»", r) }

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
