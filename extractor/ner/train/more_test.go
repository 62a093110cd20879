package train

import (
	"os"
	"testing"
)

func TestAnnotation(t *testing.T) {
	all, err := readAnnotations("# a comment\narticle: A_page\nPER: Ann Lee | Lee\nORG: The Atlantic | Lee Bank\nLOC: Atlantic\nNONE: Lee Cup\nLEAVE: Zed\n")
	if err != nil {
		t.Fatal(err)
	}
	got := all[0].apply("Ann Lee of Lee Bank won the Lee Cup.\n\nLee read The Atlantic by the Atlantic; Leeds did not.\n\n\nZed knows Lee.\n")
	want := []string{"Ann Lee person", "Lee Bank organisation", "Lee person", "Atlantic organisation", "Atlantic place"}
	if len(got.Names) != len(want) {
		t.Fatalf("names %v", got.Names)
	}
	for i, n := range got.Names {
		if s := n.In(got.Text) + " " + n.Type.String(); s != want[i] {
			t.Errorf("name %d is %q, want %q", i, s, want[i])
		}
	}
	for _, bad := range []string{"PER: Ann\n", "article: x\nper: Ann\n", "article: x\nPER: Ann | Ann\n", "article: x\nPER: Ann\nNONE: Ann\n", "article: x\nPER\n"} {
		if _, err := readAnnotations(bad); err == nil {
			t.Errorf("%q is read without an error", bad)
		}
	}
}

// TestMore: every word of the annotation stands in its article.
func TestMore(t *testing.T) {
	const news = "../../../../shared/data/news"
	if _, err := os.Stat(news); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no corpora in CI: %v", err)
		}
		t.Skip("no corpora beside the repository")
	}
	texts, err := readMore(news)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range texts {
		t.Logf("%-60.60s %6d bytes %4d names", x.ID, len(x.Text), len(x.Names))
		if len(x.Names) == 0 {
			t.Errorf("%s has no names", x.ID)
		}
	}
}
