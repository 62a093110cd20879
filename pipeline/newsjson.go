package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/pipeline/clean"
)

// Beside our own form, Decode takes two of the trade's: a schema.org article in JSON-LD, as pages and
// content systems hold it, and an item in IPTC's ninjs, as agencies deliver it (1.x, 2.x and 3.x).
// Both are known by their own names: "@type" or "@graph", and "uri" beside names that only ninjs has.

// otherForm makes an article of the other forms' fields, and reports whether it is one of them.
func otherForm(whole []byte, fields map[string]json.RawMessage) (a *extractor.Article, warnings []string, ok bool, err error) {
	switch {
	case fields["@type"] != nil, fields["@graph"] != nil:
		a, err = decodeJSONLD(whole)
		return a, nil, true, err
	case isNinjs(fields):
		a, warnings, err = decodeNinjs(fields)
		return a, warnings, true, err
	}
	return nil, nil, false, nil
}

func decodeJSONLD(b []byte) (*extractor.Article, error) {
	pages, err := clean.JSONLD(b)
	if err != nil {
		return nil, fmt.Errorf("schema.org JSON-LD: %w", err)
	}
	switch {
	case len(pages) == 0:
		return nil, errors.New("schema.org JSON-LD: there is no article in it: want \"@type\" NewsArticle or another article")
	case len(pages) > 1:
		return nil, fmt.Errorf("schema.org JSON-LD: there are %d articles in it: one message is one article; put them into an array in a .json file, or on lines of a .jsonl file", len(pages))
	case pages[0].Text == "":
		return nil, errors.New("schema.org JSON-LD: the article has no \"articleBody\", so there is nothing to read")
	}
	return pageArticle(pages[0]), nil
}

// ninjsName makes the spellings of a name one: "versioncreated" of 1.x and 2.x is "versionCreated" in
// 3.x, "body_html" has no other.
func ninjsName(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

// ninjsNames are names that an item with a "uri" has in ninjs.
var ninjsNames = map[string]bool{
	"versioncreated": true, "contentcreated": true, "firstcreated": true, "pubstatus": true, "bodies": true, "headlines": true,
	"bodyhtml": true, "bodyxhtml": true, "bodytext": true, "copyrightholder": true, "usageterms": true, "representationtype": true,
	"descriptions": true, "renditions": true, "associations": true, "headline": true,
}

func isNinjs(fields map[string]json.RawMessage) bool {
	if fields["uri"] == nil {
		return false
	}
	for name := range fields {
		if ninjsNames[ninjsName(name)] {
			return true
		}
	}
	return false
}

// ninjsPart is one of bodies, headlines, descriptions or infosources.
type ninjsPart struct{ role, contentType, value, name string }

func decodeNinjs(raw map[string]json.RawMessage) (*extractor.Article, []string, error) {
	fields := map[string]json.RawMessage{}
	for name, v := range raw {
		fields[ninjsName(name)] = v
	}
	str := func(name string) string {
		var s string
		_ = json.Unmarshal(fields[name], &s) // what is no string says nothing
		return strings.TrimSpace(s)
	}
	first := func(values ...string) string {
		for _, v := range values {
			if v != "" {
				return v
			}
		}
		return ""
	}
	switch status := strings.ToLower(str("pubstatus")); status {
	case "", "usable":
	default:
		return nil, nil, fmt.Errorf("ninjs: \"pubstatus\" is %s: it is not for publication", shorten(status))
	}
	a := &extractor.Article{
		Title:    plainLine(first(mainPart(ninjsParts(fields["headlines"])).value, str("headline"), str("title"))),
		Language: str("language"),
		Source:   first(str("source"), str("copyrightholder"), mainPart(ninjsParts(fields["infosources"])).name),
	}
	if uri := str("uri"); strings.HasPrefix(uri, "https://") || strings.HasPrefix(uri, "http://") {
		a.URL = uri
	} else {
		a.ID = uri
	}
	a.Body = ninjsText(ninjsParts(fields["bodies"]), str("bodyhtml"), str("bodyxhtml"), str("bodytext"))
	kind := strings.ToLower(first(str("type"), "text"))
	if a.Body == "" && kind == "text" { // a short item
		a.Body = ninjsText(ninjsParts(fields["descriptions"]), str("descriptionhtml"), "", str("descriptiontext"))
	}
	if a.Body == "" {
		return nil, nil, fmt.Errorf("ninjs: the item, of type %s, has no text: want \"bodies\" with a \"value\"", shorten(kind))
	}
	var warnings []string
	at := func(name string) time.Time {
		t, ok := parseTime(fields[name])
		if !ok {
			warnings = append(warnings, fmt.Sprintf("ninjs: %q is %s: not an RFC 3339 time or date, so taken as unknown", name, shorten(string(fields[name]))))
		}
		return t
	}
	version := at("versioncreated")
	for _, name := range []string{"firstcreated", "contentcreated"} {
		if a.Published.IsZero() {
			a.Published = at(name)
		}
	}
	if a.Published.IsZero() {
		a.Published = version
	}
	if version.After(a.Published) {
		a.Modified = version
	}
	return a, warnings, nil
}

// ninjsParts reads a list of objects; what is none gives none.
func ninjsParts(v json.RawMessage) []ninjsPart {
	var list []map[string]any
	if json.Unmarshal(v, &list) != nil {
		return nil
	}
	var out []ninjsPart
	for _, m := range list {
		var p ninjsPart
		for name, v := range m {
			s, _ := v.(string)
			switch ninjsName(name) {
			case "role":
				p.role = strings.ToLower(s)
			case "contenttype":
				p.contentType = strings.ToLower(s)
			case "value":
				p.value = strings.TrimSpace(s)
			case "name":
				p.name = strings.TrimSpace(s)
			}
		}
		out = append(out, p)
	}
	return out
}

// mainPart is the part whose role is main, else the first.
func mainPart(parts []ninjsPart) ninjsPart {
	for _, p := range parts {
		if p.role == "main" {
			return p
		}
	}
	if len(parts) > 0 {
		return parts[0]
	}
	return ninjsPart{}
}

// ninjsText is an item's text. The same text may be there as HTML and as plain text; that with markup
// has the paragraphs.
func ninjsText(parts []ninjsPart, html, xhtml, text string) string {
	plain := ""
	for _, p := range parts {
		marked := strings.Contains(p.contentType, "html") || strings.Contains(p.contentType, "xml") || p.contentType == "" && strings.Contains(p.value, "</p>")
		switch {
		case p.value == "":
		case marked:
			if t := clean.Text(p.value); t != "" {
				return t
			}
		case plain == "" || p.role == "main":
			plain = p.value
		}
	}
	for _, h := range []string{html, xhtml} {
		if t := clean.Text(h); t != "" {
			return t
		}
	}
	if plain != "" {
		return plain
	}
	return text
}

// plainLine is a headline as one line, without markup.
func plainLine(s string) string {
	if strings.Contains(s, "</") {
		s = clean.Text(s)
	}
	return strings.Join(strings.Fields(s), " ")
}
