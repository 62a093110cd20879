package web

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline/corrections"
)

func TestCorrections(t *testing.T) {
	file := corrections.Open(filepath.Join(t.TempDir(), "corrections.jsonl"))
	s := newServer(t, Config{Store: stored(t), Corrections: file, Edit: true})
	post := func(h http.Handler, site string, form ...string) *httptest.ResponseRecorder {
		v := url.Values{}
		for i := 0; i < len(form); i += 2 {
			v.Set(form[i], form[i+1])
		}
		r := httptest.NewRequest(http.MethodPost, "http://localhost/corrections", strings.NewReader(v.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", "text/html")
		r.Header.Set("Sec-Fetch-Site", site)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	has := func(path, part string, want bool) {
		t.Helper()
		if got := strings.Contains(get(t, s, path).Body.String(), part); got != want {
			t.Errorf("%s: %q is there: %v, want %v", path, part, got, want)
		}
	}
	// From another site, and where editing is off, nothing is kept.
	gone := []string{"kind", "not-a-name", "key", "organisation:harbour-wire", "name", "Harbour Wire", "back", "/articles/ferry-inquiry"}
	for _, site := range []string{"cross-site", "same-site"} {
		if w := post(s, site, gone...); w.Code != http.StatusForbidden {
			t.Errorf("a form of another site answers %d", w.Code)
		}
	}
	closed := newServer(t, Config{Store: s.corrected.Store, Corrections: file})
	if w := post(closed, "same-origin", gone...); w.Code != http.StatusNotFound {
		t.Errorf("with editing off a form answers %d", w.Code)
	}
	if strings.Contains(get(t, closed, "/articles/ferry-inquiry").Body.String(), "<form method=\"post\"") {
		t.Error("with editing off there are forms")
	}
	if w := post(newServer(t, Config{Store: s.corrected.Store, Edit: true}), "same-origin", gone...); w.Code != http.StatusNotFound {
		t.Errorf("without a file a form answers %d", w.Code)
	}
	has("/", `<bdi>Harbour Wire</bdi></span> <span class="num">3`, true)
	has("/articles/ferry-inquiry", "/entities/organisation:harbour-wire", true)

	w := post(s, "same-origin", gone...)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/articles/ferry-inquiry" {
		t.Fatalf("a correction answers %d, %v", w.Code, w.Header())
	}
	has("/articles/ferry-inquiry", "/entities/organisation:harbour-wire", false)
	has("/", `/entities/organisation:harbour-wire`, false)
	has("/api/suggest?q=harbour", "organisation:harbour-wire", false)
	has("/corrections", "is not a name", true)

	post(s, "same-origin", "kind", "wrong-type", "key", "place:lake-victoria", "name", "Lake Victoria", "type", "organisation")
	has("/api/articles/ferry-inquiry", `"organisation:lake-victoria"`, true)
	if w := get(t, s, "/entities/place:lake-victoria"); w.Header().Get("Location") != "/entities/organisation:lake-victoria" {
		t.Errorf("the old page answers %d and leads to %q", w.Code, w.Header().Get("Location"))
	}
	has("/entities/organisation:lake-victoria", "Inquiry into Kisumu ferry fire", true)
	has("/api/entities?q=lake+vic&type=organisation", "organisation:lake-victoria", true)
	has("/api/entities?q=lake+vic&type=place", "lake-victoria", false)

	post(s, "same-origin", "kind", "same-as", "key", "person:peter-kiplagat-rono", "name", "Peter Kiplagat Rono", "type", "person", "to", "P. K. Rono")
	has("/entities/person:p-k-rono", "P. K. Rono", true)
	has("/entities/person:p-k-rono", "5 quotes", true)
	has("/quotes?q=by:person:p-k-rono", "P. K. Rono", true)
	has("/quotes?q=by:person:p-k-rono", `<a class="who person" href="/entities/person:peter-kiplagat-rono"`, false)

	quote := "I wrote it in the book, I telephoned, and then I wrote it again,"
	has("/articles/ferry-inquiry", quote, true)
	post(s, "same-origin", "kind", "not-the-speaker", "article", "ferry-inquiry", "quote", quote, "key", "person:p-k-rono", "name", "P. K. Rono")
	has("/quotes?q=telephoned", "Speaker unknown", true)

	if w := post(s, "same-origin", "kind", "wrong-type", "key", "place:x", "name", "x", "type", "ship"); w.Code != http.StatusBadRequest {
		t.Errorf("a wrong type answers %d", w.Code)
	}
	if w := post(s, "same-origin", "kind", "same-as", "key", "place:x", "name", "x", "type", "place", "to", "X", "back", "//evil.example"); w.Code != http.StatusBadRequest {
		t.Errorf("the same as itself answers %d", w.Code)
	}
	// A form leads to our own pages alone; browsers leave tabs out of an address.
	for _, back := range []string{"//evil.example", "/\t/evil.example", `/\evil.example`, "https://evil.example"} {
		if w := post(s, "same-origin", "undo", "none", "back", back); w.Header().Get("Location") != "/corrections" {
			t.Errorf("a form leads to %q", w.Header().Get("Location"))
		}
	}
	has("/corrections.tsv", "Harbour Wire\tstop\nLake Victoria\torganisation\n", true)
	list, err := corrections.Read(strings.NewReader(get(t, s, "/corrections.jsonl").Body.String()))
	if err != nil || len(list) != 4 {
		t.Fatalf("the export has %d: %v", len(list), err)
	}
	for _, c := range list {
		post(s, "same-origin", "undo", c.ID)
	}
	has("/articles/ferry-inquiry", "/entities/organisation:harbour-wire", true)
	has("/quotes?q=telephoned", "Peter Kiplagat Rono", true)
	has("/corrections", "Nothing has been corrected", true)
}

// What others correct is shown some seconds later, and what can't be read leaves the rest in force.
func TestCorrectionsOfOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "corrections.jsonl")
	now := time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)
	s := newServer(t, Config{Store: stored(t), Corrections: corrections.Open(path), Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
	const page, name, menu = "/articles/ferry-inquiry", "/entities/organisation:harbour-wire", `href="/corrections"`
	has := func(when, part string, want bool) {
		t.Helper()
		if got := strings.Contains(get(t, s, page).Body.String(), part); got != want {
			t.Errorf("%s %q is there: %v, want %v", when, part, got, want)
		}
	}
	has("at first", name, true)
	has("where nothing is corrected and nothing can be,", menu, false)
	if _, err := corrections.Open(path).Add(t.Context(), corrections.Correction{Kind: corrections.NotAName, Key: "organisation:harbour-wire", Name: "Harbour Wire"}); err != nil {
		t.Fatal(err)
	}
	now = now.Add(reloadPace - 1)
	has("a moment later", name, true)
	now = now.Add(1)
	has("later", name, false)
	has("then", menu, true)
	if err := os.WriteFile(path, []byte("nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(reloadPace)
	has("of a damaged file", name, false)
}
