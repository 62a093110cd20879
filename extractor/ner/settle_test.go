package ner

import (
	"strings"
	"testing"

	"github.com/datelinenews/dateline/extractor/text"
)

func TestSettle(t *testing.T) {
	const out Type = 0
	type m struct {
		text  string
		typ   Type
		score float64
		want  Type
	}
	for name, ms := range map[string][]m{
		"a surname follows the full name": {
			{"Ossie Michelin", Person, 0.9, Person}, {"Michelin", Organisation, 0.8, Person}, {"Michelin", Organisation, 0.8, Person}},
		"an initialism is no surname": {
			{"Karen BGF", Person, 0.5, Person}, {"BGF", Organisation, 0.9, Organisation}},
		"unless much speaks against it": {
			{"Jo Ford", Person, 0.4, Person}, {"Ford", Organisation, 0.9, Organisation}, {"Ford", Organisation, 0.9, Organisation}},
		"the greater number": {
			{"Santiago", Person, 0.6, Place}, {"Santiago", Place, 0.9, Place}, {"Santiago", Place, 0.9, Place}},
		"a club and its town": {
			{"Barcelona", Organisation, 0.9, Organisation}, {"Barcelona", Place, 0.6, Place}},
		"one against one":              {{"Dunamu", Person, 0.5, Organisation}, {"Dunamu", Organisation, 0.6, Organisation}},
		"doubtful":                     {{"Lam", Person, 0.3, out}, {"Perth", Place, 0.5, Place}},
		"doubtful here, sure there":    {{"Courant", Organisation, 0.3, Organisation}, {"Courant", Organisation, 0.6, Organisation}},
		"another kind is no support":   {{"Courant", Organisation, 0.3, out}, {"Courant", Place, 0.6, Place}},
		"part of a longer name":        {{"Northgate Security Inc.", Organisation, 0.9, Organisation}, {"Northgate", Organisation, 0.2, Organisation}},
		"its first two words":          {{"Desert Rose Ltd Perth", Organisation, 0.9, Organisation}, {"Desert Rose", Organisation, 0.2, Organisation}},
		"longer than a known name":     {{"Northgate Security Inc.", Organisation, 0.2, Organisation}, {"Northgate", Organisation, 0.9, Organisation}},
		"initialism in brackets":       {{"Premier Hockey Circuit", Organisation, 0.2, Organisation}, {"(PHC)", Organisation, 0.8, Organisation}},
		"both doubtful":                {{"Premier Hockey Circuit", Organisation, 0.2, out}, {"(PHC)", Organisation, 0.3, out}},
		"a bracket of another kind":    {{"Premier Hockey Circuit", Organisation, 0.2, out}, {"(ACT)", Place, 0.8, Place}},
		"no names at all":              {},
		"one that is not in doubt":     {{"Lam", Person, 0.9, Person}},
		"no initialism in the bracket": {{"Premier Hockey Circuit", Organisation, 0.2, out}, {"(Perth)", Organisation, 0.8, Organisation}},
	} {
		var doc string
		var in []Mention
		var want []Type
		for _, x := range ms {
			if doc != "" {
				doc += " "
			}
			doc += x.text
			s := strings.Trim(x.text, "()")
			end := len(doc) - strings.Count(x.text, ")")
			mention := Mention{Span: text.Span{Start: end - len(s), End: end}, Text: s, Type: x.typ, Score: x.score, Form: Name}
			if strings.ToUpper(s) == s {
				mention.Form = Acronym
			}
			in = append(in, mention)
			if x.want != out {
				want = append(want, x.want)
			}
		}
		var v votes
		got := v.settle(doc, in)
		if len(got) != len(want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
			continue
		}
		for i := range got {
			if got[i].Type != want[i] {
				t.Errorf("%s: %s is a %v, want %v", name, got[i].Text, got[i].Type, want[i])
			}
		}
		if len(v) > 0 {
			t.Errorf("%s: the memory keeps %d names", name, len(v))
		}
	}
}
