package coref_test

import (
	"encoding/json"
	"flag"
	"os"
	"sort"
	"strings"
	"testing"

	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/text"
)

var showClusters = flag.Bool("clusters", false, "print the clusters that differ from the annotators'")

// TestClusters scores the clustering of names from nothing but each article's list of name strings
// and their types: B-cubed over the distinct names of an article. Run it with -v for the figures.
func TestClusters(t *testing.T) {
	const path = "../../../shared/data/coref/dwie_clusters_train.jsonl"
	raw, err := os.ReadFile(path)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	type name struct {
		surface string
		typ     ner.Type
		gold    int
		start   int
	}
	var precision, recall float64
	n, docs := 0, 0
	for line := range strings.Lines(string(raw)) {
		var in struct {
			ID       string
			Entities []struct {
				Tags     []string
				Mentions [][3]any
			}
		}
		if err := json.Unmarshal([]byte(line), &in); err != nil {
			t.Fatal(err)
		}
		var names []name
		for g, e := range in.Entities {
			typ := ner.Type(0)
			for _, tag := range e.Tags {
				switch tag {
				case "type::person":
					typ = ner.Person
				case "type::organization":
					typ = ner.Organisation
				case "type::location":
					typ = ner.Place
				}
			}
			if typ == 0 {
				continue
			}
			for _, m := range e.Mentions {
				start, surface := int(m[0].(float64)), m[2].(string)
				if surface != "" && !strings.ContainsAny(surface, "\n") {
					names = append(names, name{surface, typ, g, start})
				}
			}
		}
		sort.SliceStable(names, func(i, j int) bool { return names[i].start < names[j].start })
		seen := map[string]bool{}
		distinct := names[:0]
		for _, x := range names {
			if !seen[x.surface] {
				seen[x.surface] = true
				distinct = append(distinct, x)
			}
		}
		var b strings.Builder
		var mentions []ner.Mention
		for _, x := range distinct {
			s := text.Span{Start: b.Len(), End: b.Len() + len(x.surface)}
			b.WriteString(x.surface + "\n\n")
			mentions = append(mentions, ner.Mention{Span: s, Text: x.surface, Type: x.typ})
		}
		doc := parser.Parse(b.String(), 0)
		_, got := coref.Resolve(doc, mentions)
		if len(got) != len(distinct) {
			t.Fatalf("%s: %d names became %d mentions", in.ID, len(distinct), len(got))
		}
		docs++
		for i := range distinct {
			both, mine, theirs := 0, 0, 0
			for j := range distinct {
				a, c := got[i].Entity == got[j].Entity, distinct[i].gold == distinct[j].gold
				if a && c {
					both++
				}
				if a {
					mine++
				}
				if c {
					theirs++
				}
				if *showClusters && i < j && a != c {
					t.Logf("%s: together %v, want %v: %q and %q", in.ID, a, c, distinct[i].surface, distinct[j].surface)
				}
			}
			precision += float64(both) / float64(mine)
			recall += float64(both) / float64(theirs)
			n++
		}
	}
	p, r := 100*precision/float64(n), 100*recall/float64(n)
	f := 2 * p * r / (p + r)
	t.Logf("B-cubed of %d names in %d articles: P %.1f R %.1f F1 %.1f", n, docs, p, r, f)
	if f < 97.6 {
		t.Errorf("B-cubed F1 %.1f, want at least 97.6", f)
	}
}
