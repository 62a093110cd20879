package clean

import (
	"strings"
	"testing"
	"time"
)

func TestHabits(t *testing.T) {
	all, err := readHabits(publishersTSV)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 150 {
		t.Errorf("%d publishers, want at least 150", len(all))
	}
	for domain, hs := range all {
		if strings.ToLower(domain) != domain || !strings.Contains(domain, ".") || strings.HasPrefix(domain, "www.") {
			t.Errorf("%q is no domain", domain)
		}
		for i, h := range hs {
			if h.until.IsZero() != (i == len(hs)-1) {
				t.Errorf("%s: the last line, and no other, is without a day", domain)
			}
			if i > 0 && !h.until.IsZero() && !h.until.After(hs[i-1].until) {
				t.Errorf("%s: days are not in order", domain)
			}
		}
	}
	for _, bad := range []string{"a.example", "a.example\tld\t2025-01-01\tx", "a.example\tog:title", "a.example\tmeta ", "a.example\tld\tMay"} {
		if _, err := readHabits(bad + "\n"); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestTitleFrom(t *testing.T) {
	for _, test := range []struct{ address, day, want string }{
		{"https://www.dailystar.co.uk/news/bridge", "2025-03-04T10:00:00Z", "meta og:title"},
		{"https://www.dailystar.co.uk/news/bridge", "2026-04-09T22:00:00Z", "meta og:title"},
		{"https://www.dailystar.co.uk/news/bridge", "2026-04-11T00:00:00Z", "ld"},
		{"https://www.dailystar.co.uk/news/bridge", "", "ld"},
		{"https://WWW.BBC.com/news/bridge", "", "h1"},
		{"https://notbbc.com/news", "", ""},
		{"https://ada.example/news", "", ""},
		{"https://com/", "", ""},
		{"bridge.html", "", ""},
		{"https://[", "", ""},
		{"", "", ""},
	} {
		var day time.Time
		if test.day != "" {
			day, _ = time.Parse(time.RFC3339, test.day)
		}
		if got := titleFrom(test.address, day); got != test.want {
			t.Errorf("%s on %q: title from %q, want %q", test.address, test.day, got, test.want)
		}
	}
}

// TestTitleOfPublisher has pages on which all headlines differ.
func TestTitleOfPublisher(t *testing.T) {
	const heads = `<script type="application/ld+json">{"@type":"NewsArticle","headline":"Old bridge opens","datePublished":"2025-03-04"}</script>
		<meta property="og:title" content="Bridge is open | The Paper"><meta property="og:site_name" content="The Paper">
		<meta name="title" content="The bridge, open again"><meta class="swiftype" name="title" content="Ada and her bridge">
		<title>Open bridge: all that we know | The Paper</title></head><h1>At last, a bridge</h1>`
	for _, test := range []struct{ name, head, from, want string }{
		{"nobody we know", heads, "https://ada.example/bridge", "Old bridge opens"},
		{"the address that it was read from", heads, "https://www.latimes.com/bridge", "Bridge is open"},
		{"its canonical address", `<link rel=canonical href="https://www.latimes.com/bridge">` + heads, "", "Bridge is open"},
		{"its address in OpenGraph", `<meta property="og:url" content="https://www.latimes.com/bridge">` + heads, "", "Bridge is open"},
		{"the copy of another paper's", `<link rel=canonical href="https://ada.example/bridge">` + heads, "https://www.latimes.com/bridge", "Bridge is open"},
		{"a meta element", heads, "https://www.businessinsider.com/bridge", "The bridge, open again"},
		{"a meta element with a class", strings.Replace(heads, "2025", "2024", 1), "https://www.rollingstone.com/bridge", "Ada and her bridge"},
		{"<title>", heads, "https://www.rollingstone.com/bridge", "Open bridge: all that we know"},
		{"<h1>", heads, "https://www.bbc.co.uk/bridge", "Old bridge opens"},
		{"<h1>, since 2026", strings.Replace(heads, "2025-03", "2026-03", 1), "https://www.bbc.co.uk/bridge", "At last, a bridge"},
		{"what is usual is not there", "<title>Bridge</title>", "https://www.latimes.com/bridge", "Bridge"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := Parse([]byte("<head>"+test.head+"<p>Text.</p>"), "", test.from)
			if err != nil {
				t.Fatal(err)
			}
			if p.Title != test.want {
				t.Errorf("title %q, want %q", p.Title, test.want)
			}
		})
	}
}
