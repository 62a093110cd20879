package feed

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const subscriptions = `<?xml version="1.0" encoding="ISO-8859-1"?>
<opml version="1.0"><head><title>Mine & yours</title></head>
<body>
  <outline text="News" title="News">
    <outline text="Ada &amp; Co" type="rss" xmlUrl="https://ada.example/rss" htmlUrl="https://ada.example/"/>
    <!-- a comment -->
    <outline text="Bo" xmlUrl="https://bo.example/feed?a=1&b=2"></outline>
  </outline>
  <outline text="Ada again" xmlUrl="https://ada.example/rss"/>
  <outline text="Caf` + "\xe9" + `" xmlUrl="https://cafe.example/rss" every="5m"/>
  <outline text="No feed"/>
</body>
</opml>
`

func listFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if content != "" {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func urls(t *testing.T, l *List) string {
	t.Helper()
	feeds, err := l.Feeds()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range feeds {
		out = append(out, f.URL)
	}
	return strings.Join(out, " ")
}

// TestOPML: what other readers export is read, and changed in place.
func TestOPML(t *testing.T) {
	path := listFile(t, "mine.opml", subscriptions)
	l, err := OpenList(path, false)
	if err != nil {
		t.Fatal(err)
	}
	feeds, err := l.Feeds()
	if err != nil {
		t.Fatal(err)
	}
	if len(feeds) != 3 || feeds[0].Title != "Ada & Co" || feeds[1].URL != "https://bo.example/feed?a=1&b=2" ||
		feeds[2].Title != "Café" || feeds[2].Interval != 5*time.Minute {
		t.Fatalf("feeds %+v", feeds)
	}
	if added, err := l.Add(Feed{URL: "https://new.example/?q=<a>&b", Title: `"New"`, Interval: time.Hour}); !added || err != nil {
		t.Fatal(added, err)
	}
	if added, err := l.Add(Feed{URL: "https://ada.example/rss"}); added || err != nil {
		t.Fatal("one that is there was added:", added, err)
	}
	if found, err := l.Remove("https://ada.example/rss"); !found || err != nil { // both of its places
		t.Fatal(found, err)
	}
	if found, _ := l.Remove("https://none.example/"); found {
		t.Error("one that is not there was removed")
	}
	if err := l.Save(); err != nil {
		t.Fatal(err)
	}
	again, err := OpenList(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := urls(t, again), "https://bo.example/feed?a=1&b=2 https://cafe.example/rss https://new.example/?q=<a>&b"; got != want {
		t.Errorf("feeds %s, want %s", got, want)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, kept := range []string{"<!-- a comment -->", `title="News"`, `text="No feed"`, "Café", "Mine & yours"} {
		if !bytes.Contains(b, []byte(kept)) {
			t.Errorf("%s is gone from\n%s", kept, b)
		}
	}
}

func TestPlainList(t *testing.T) {
	path := listFile(t, "feeds.txt", "# mine\nhttps://ada.example/rss 5m Ada Post\n\nhttps://bo.example/rss The Bo\nhttps://ada.example/rss")
	l, err := OpenList(path, false)
	if err != nil {
		t.Fatal(err)
	}
	feeds, err := l.Feeds()
	if err != nil || len(feeds) != 2 || feeds[0].Interval != 5*time.Minute || feeds[0].Title != "Ada Post" || feeds[1].Title != "The Bo" {
		t.Fatalf("feeds %+v, %v", feeds, err)
	}
	if added, err := l.Add(Feed{URL: "https://new.example/rss", Title: "New\nline"}); !added || err != nil {
		t.Fatal(added, err)
	}
	if found, err := l.Remove("https://ada.example/rss"); !found || err != nil {
		t.Fatal(found, err)
	}
	if err := l.Save(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil || string(b) != "# mine\n\nhttps://bo.example/rss The Bo\nhttps://new.example/rss New line\n" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestNewList(t *testing.T) {
	for _, name := range []string{"feeds.opml", "feeds.txt"} {
		path := listFile(t, name, "")
		if _, err := OpenList(path, false); err == nil {
			t.Error("a list that is not there was opened")
		}
		l, err := OpenList(path, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range []string{"https://a.example/rss", "http://b.example/rss"} {
			if _, err := l.Add(Feed{URL: u}); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Save(); err != nil {
			t.Fatal(err)
		}
		if l, err = OpenList(path, false); err != nil {
			t.Fatal(err)
		}
		if got := urls(t, l); got != "https://a.example/rss http://b.example/rss" {
			t.Errorf("%s: %s", name, got)
		}
		for _, bad := range []string{"ftp://a.example/", "a.example/rss", "https://", "::", ""} {
			if _, err := l.Add(Feed{URL: bad}); err == nil {
				t.Errorf("%q was added", bad)
			}
		}
	}
}

func TestBadLists(t *testing.T) {
	for name, test := range map[string]struct{ file, content, want string }{
		"HTML":            {"a.opml", "<html><body></body></html>", "want <opml>"},
		"cut":             {"a.opml", `<opml version="2.0"><body><outline xmlUrl="https://a.example/"`, "parse OPML"},
		"no body":         {"a.opml", `<opml version="2.0"></opml>`, "no <opml> with a <body>"},
		"too deep":        {"a.opml", "<opml><body>" + strings.Repeat("<outline>", 100) + "</body></opml>", "deep"},
		"not an address":  {"a.txt", "https://a.example/\nexample.org/rss\n", "line 2"},
		"every less than": {"a.txt", "https://a.example/ -5m\n", "more than 0"},
	} {
		if _, err := OpenList(listFile(t, test.file, test.content), false); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

func FuzzOPML(f *testing.F) {
	f.Add([]byte(subscriptions), "https://ada.example/rss")
	f.Add([]byte(emptyOPML), "https://x.example/")
	f.Add([]byte("<opml><body><outline xmlUrl='https://a.example/'><outline/></outline></body></opml>"), "https://a.example/")
	f.Fuzz(func(t *testing.T, b []byte, url string) {
		l := &List{opml: true, data: toUTF8(b, "")}
		before, err := l.Feeds()
		if err != nil {
			return
		}
		added, err := l.Add(Feed{URL: url})
		if err != nil || !added {
			return
		}
		after, err := l.Feeds()
		if err != nil || len(after) != len(before)+1 {
			t.Fatalf("%d feeds and then %d: %v\n%s", len(before), len(after), err, l.data)
		}
		found, err := l.Remove(after[len(after)-1].URL)
		if err != nil || !found {
			t.Fatalf("what was added can't be removed: %v", err)
		}
		if last, err := l.Feeds(); err != nil || len(last) != len(before) {
			t.Fatalf("%d feeds, want %d: %v", len(last), len(before), err)
		}
	})
}
