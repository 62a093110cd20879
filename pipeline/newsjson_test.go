package pipeline

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// TestTradeForms: schema.org's and IPTC's JSON give the same article as our own.
func TestTradeForms(t *testing.T) {
	const body = "The harbour bridge opened again on Tuesday.\n\n“It is safe,” said Bo Reed."
	tests := []struct{ name, value, id, url, language, source, modified string }{
		{"JSON-LD", `{"@context":"https://schema.org","@type":"NewsArticle","headline":"Bridge opens","url":"https://ada.example/1","datePublished":"2025-03-04T09:30:00+02:00",
			"dateModified":"2025-03-05T09:30:00Z","inLanguage":"en","author":[{"@type":"Person","name":"Mira Stone"}],"publisher":{"@type":"Organization","name":"Ada Post"},
			"articleBody":"The harbour bridge opened again on Tuesday.\n\n“It is safe,” said Bo Reed."}`, "", "https://ada.example/1", "en", "Ada Post", "2025-03-05T09:30:00Z"},
		{"JSON-LD graph with markup", `{"@graph":[{"@type":"WebPage","url":"https://ada.example/"},{"@type":["ReportageNewsArticle","NewsArticle"],"name":"Bridge opens","mainEntityOfPage":{"@id":"https://ada.example/1"},
			"datePublished":"2025-03-04T09:30:00+02:00","publisher":"Ada Post","inLanguage":{"@type":"Language","name":"en"},"articleBody":"<p>The harbour bridge opened again on Tuesday.</p><p>“It is safe,” said Bo Reed.</p>"}]}`,
			"", "https://ada.example/1", "en", "Ada Post", ""},
		{"ninjs 1", `{"uri":"https://ada.example/1","type":"text","versioncreated":"2025-03-05T09:30:00Z","firstcreated":"2025-03-04T09:30:00+02:00","language":"en-GB","copyrightholder":"Ada Post","headline":"Bridge opens",
			"body_text":"flat","body_html":"<p>The harbour bridge opened again on Tuesday.</p><p>“It is safe,” said Bo Reed.</p>"}`, "", "https://ada.example/1", "en-GB", "Ada Post", "2025-03-05T09:30:00Z"},
		{"ninjs 2", `{"uri":"urn:newsml:ada.example:20250304:1","type":"text","firstcreated":"2025-03-04T09:30:00+02:00","versioncreated":"2025-03-04T09:30:00+02:00","pubstatus":"usable","language":"en","copyrightholder":"Ada Post",
			"by":"Mira Stone","headlines":[{"role":"short","value":"Bridge"},{"role":"main","value":"Bridge opens"}],
			"bodies":[{"role":"main","contenttype":"text/plain","value":"The harbour bridge opened again on Tuesday.\n\n“It is safe,” said Bo Reed."}]}`, "urn:newsml:ada.example:20250304:1", "", "en", "Ada Post", ""},
		{"ninjs 3", `{"standard":{"name":"ninjs","version":"3.0"},"uri":"https://ada.example/1","versionCreated":"2025-03-04T09:30:00+02:00","language":"en","infoSources":[{"name":"Ada Post"}],
			"headlines":[{"value":"<b>Bridge</b> opens"}],"bodies":[{"role":"main","contentType":"text/plain","value":"flat"},{"role":"richtext","contentType":"application/xhtml+xml","value":"<p>The harbour bridge opened again on Tuesday.</p> <p>“It is safe,” said Bo Reed.</p>"}]}`,
			"", "https://ada.example/1", "en", "Ada Post", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, warnings, err := Decode(Message{Value: []byte(test.value)})
			if err != nil || len(warnings) > 0 {
				t.Fatal(err, warnings)
			}
			if a.Title != "Bridge opens" || a.Body != body || a.URL != test.url || a.Language != test.language || a.Source != test.source || test.id != "" && a.ID != test.id {
				t.Errorf("%+v", a)
			}
			modified := ""
			if !a.Modified.IsZero() {
				modified = a.Modified.Format(time.RFC3339)
			}
			if a.Published.UTC().Format(time.RFC3339) != "2025-03-04T07:30:00Z" || modified != test.modified {
				t.Errorf("published %v, modified %v", a.Published, a.Modified)
			}
		})
	}
	// A short item has its text in the description, and our own form comes first.
	a, _, err := Decode(Message{Value: []byte(`{"uri":"urn:1","pubstatus":"usable","descriptions":[{"role":"text","contenttype":"text/plain","value":"Open."}]}`)})
	if err != nil || a.Body != "Open." || a.ID != "urn:1" {
		t.Errorf("%+v, %v", a, err)
	}
	a, _, err = Decode(Message{Value: []byte(`{"@type":"NewsArticle","text":"Ours.","articleBody":"Theirs.","uri":"urn:1","bodies":[]}`)})
	if err != nil || a.Body != "Ours." {
		t.Errorf("%+v, %v", a, err)
	}
	a, warnings, err := Decode(Message{Value: []byte(`{"uri":"urn:1","firstcreated":"soon","body_text":"Open."}`)})
	if err != nil || len(warnings) != 1 || !a.Published.IsZero() {
		t.Errorf("%+v, %v, %v", a, warnings, err)
	}
}

func TestTradeFormErrors(t *testing.T) {
	for value, want := range map[string]string{
		`{"@type":"NewsArticle","headline":"A"}`:     `no "articleBody"`,
		`{"@type":"Organization","name":"Ada Post"}`: "no article in it",
		`{"@graph":[]}`: "no article in it",
		`{"@graph":[{"@type":"NewsArticle","articleBody":"a"},{"@type":"NewsArticle","articleBody":"b"}]}`: "there are 2 articles",
		`{"uri":"urn:1","type":"picture","renditions":[]}`:                                                 "of type picture, has no text",
		`{"uri":"urn:1","pubstatus":"canceled","body_text":"x"}`:                                           "not for publication",
		`{"uri":"urn:1","bodies":"x"}`:                                                                     "has no text",
		`{"uri":"urn:1","bodies":[1,{"value":7}]}`:                                                         "has no text",
		`{"uri":1,"headlines":null}`:                                                                       "has no text",
		`{"@type":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`:                        "",
	} {
		a, _, err := Decode(Message{Value: []byte(value)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %+v, %v, want %q", value, a, err, want)
		}
	}
}

func FuzzTradeForms(f *testing.F) {
	f.Add("@type", `"NewsArticle"`, "articleBody", `"x"`)
	f.Add("@graph", `[{"@type":"NewsArticle","articleBody":"<p>x</p>"}]`, "@context", `{}`)
	f.Add("uri", `"urn:1"`, "bodies", `[{"contentType":"text/html","value":"<p>x</p>"}]`)
	f.Add("uri", `"https://a.example/"`, "body_html", `"<p>x"`)
	f.Add("uri", `1`, "headlines", `[[]]`)
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string) {
		n1, _ := json.Marshal(name1)
		n2, _ := json.Marshal(name2)
		value := []byte("{" + string(n1) + ":" + value1 + "," + string(n2) + ":" + value2 + "}")
		a, _, err := Decode(Message{Value: value})
		if err != nil {
			return
		}
		for _, s := range []string{a.ID, a.URL, a.Title, a.Body, a.Source, a.Language} {
			if !utf8.ValidString(s) {
				t.Errorf("not UTF-8: %q", s)
			}
		}
		if again, _, err := Decode(Message{Value: value}); err != nil || *again != *a {
			t.Errorf("a second reading gives %+v, %v, want %+v", again, err, a)
		}
	})
}
