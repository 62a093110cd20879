package clean

import (
	"strings"
	"testing"
)

// TestStory: what is no part of a story goes, and what only looks like it stays.
func TestStory(t *testing.T) {
	const sentence = "The harbour bridge at Port Ada opened again on Tuesday, a week after the storm, the council said."
	tests := []struct {
		text    string
		dropped bool
	}{
		{"By Mira Stone", true},
		{"Mira Stone", true},
		{"By Jo Field and Bo Reed", true},
		{"By Tuesday the bridge had opened, and all were glad of it, said the council.", false},
		{"Published: 15:56 BST, 27 April 2024 | Updated: 15:57 BST, 27 April 2024", true},
		{"Mira Stone 16 September 2024 9:33pm", true},
		{"Last updated 15 hours ago", true},
		{"3 minute read", true},
		{"The storm began at 9:33pm on Monday.", false},
		{"20:24Jo Field", true},
		{"Skip to Content", true},
		{"Story continues below advertisement", true},
		{"Read more: Council votes for a second bridge", true},
		{"READ NEXT: Council votes for a second bridge", true},
		{"WATCH | The bridge opens", true},
		{"More than a hundred crossed it: a record.", false},
		{"Sign up for our newsletter", true},
		{"Check out more of the Post's stories by signing up to our free weekly newsletter", true},
		{"“Sign up for the march,” said Reed.", false},
		{"The council sent its newsletter to all in the town.", false},
		{"Follow the Post on Twitter and Facebook for the latest.", true},
		{"This site uses cookies.", true},
		{"The bridge at night. (Jo Field/Getty Images)", true},
		{"The bridge at night (Image: Getty)", true},
		{"The bridge at night. — Picture by Jo Field", true},
		{"PORT ADA (AP) — The bridge opened again.", false},
		{"PORT ADA (AP)", false},
		{"PORT ADA (Reuters) -", false},
		{"Image Credits: J. Field", true},
		{"Copyright © 2025 The Ada Post", true},
	}
	for _, test := range tests {
		all := []paragraph{{text: sentence}, {text: test.text}}
		for range closing { // so that it is at neither end
			all = append(all, paragraph{text: sentence + strings.Repeat(" Really.", len(all))})
		}
		got := story(all, []string{"Mira Stone"}, []string{"Bridge opens"}, true)
		if dropped := len(got) == len(all)-1; dropped != test.dropped {
			t.Errorf("%q: dropped %t, want %t (%d of %d are left)", test.text, dropped, test.dropped, len(got), len(all))
		}
	}
}

// TestStoryEnds: what stands only at a text's beginning or end.
func TestStoryEnds(t *testing.T) {
	sentences := []string{"The bridge opened again on Tuesday, a week after the storm.", "Ferries will run until May, the council said, and no longer."}
	tests := []struct {
		name          string
		before, after []string
		kept          []string
	}{
		{"section and title", []string{"World News", "Bridge opens"}, nil, nil},
		{"dateline alone", []string{"AUBURN, Wash. —"}, nil, []string{"AUBURN, Wash. —"}},
		{"dateline in capitals", []string{"AFP, MANILA"}, nil, []string{"AFP, MANILA"}},
		{"credits", nil, []string{"Reporting by Jo Field; Editing by Bo Reed", "Our Standards: The Thomson Reuters Trust Principles."}, nil},
		{"contributors", nil, []string{"Associated Press writer Jo Field in Paris contributed to this report."}, nil},
		{"no contributors", nil, []string{"The rain contributed to the rise of the river."}, []string{"The rain contributed to the rise of the river."}},
		{"biography", nil, []string{"Mira Stone is a reporter for the Post."}, nil},
		{"about the author", nil, []string{"About the author", "She has written on bridges for many years."}, nil},
		{"a repeated paragraph", nil, []string{sentences[1]}, nil},
	}
	for _, test := range tests {
		var all []paragraph
		var want []string
		for _, s := range append(append(append([]string{}, test.before...), sentences...), test.after...) {
			all = append(all, paragraph{text: s})
		}
		if len(test.before) > 0 {
			want = append(want, test.kept...)
		}
		want = append(want, sentences...)
		if len(test.after) > 0 {
			want = append(want, test.kept...)
		}
		if got := strings.Join(story(all, []string{"Mira Stone"}, []string{"Bridge opens"}, true), "|"); got != strings.Join(want, "|") {
			t.Errorf("%s: got %q, want %q", test.name, got, want)
		}
	}
	links := []paragraph{{text: sentences[0]}, {text: "A second bridge is planned", linked: true}, {text: "What comes next", linked: true, heading: true}, {text: sentences[1]}}
	if got := story(links, nil, nil, false); len(got) != 3 {
		t.Errorf("of links: %q", got)
	}
	// A text that is all furniture to us may be a text of another kind.
	odd := []paragraph{{text: "Read more: one"}, {text: "Read more: two"}, {text: "Yes."}}
	if got := story(odd, nil, nil, false); len(got) != 3 {
		t.Errorf("of a list of links: %q", got)
	}
}

func TestFurnitureName(t *testing.T) {
	for name, want := range map[string]bool{
		"c-inlineSignup__blurb": true, "newsletter-widget__disclaimer": true, "ad__label": true, "article-comments": true,
		"AuthorBio": true, "mostRead": true, "most-read-stories": true, "readMore": true, "skip-to": true,
		"article-body": false, "gadget": false, "header": false, "story-v2-content": false, "adana-news": false, "reader": false,
		"shared-layout": false, "read": false, "": false, "--": false, "Ünïcode": false,
	} {
		if got := furnitureName(name); got != want {
			t.Errorf("%q: %t, want %t", name, got, want)
		}
	}
}

// TestFurnitureElements: an element goes by its name, unless it holds the article.
func TestFurnitureElements(t *testing.T) {
	const body = "<p>The harbour bridge at Port Ada opened again on Tuesday, a week after the storm, the city's council said in a long statement.</p>" +
		"<p>Ferries will run until May, the council said, and the old timetable will then be used again by all lines of the city.</p>"
	for name, page := range map[string]string{
		"a box":         "<article>" + body + `<div class="newsletter-box"><p>Never miss a bridge.</p></div></article>`,
		"hidden":        "<article>" + body + `<div class="intro hidden"><p>Welcome back, dear reader.</p></div></article>`,
		"whole article": `<div class="share-layout"><article>` + body + "</article></div>",
		"overlay":       `<div id="onetrust-sdk">` + strings.Repeat("<p>Cookies are small files that we keep for long, and why not.</p>", 20) + "</div><article>" + body + "</article>",
	} {
		p, err := Parse([]byte(page), "", "")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(p.Text, "The harbour bridge") || !strings.HasSuffix(p.Text, "lines of the city.") {
			t.Errorf("%s: %q", name, p.Text)
		}
	}
}
