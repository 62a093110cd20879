// Package kibanatest is a Kibana to test imports against: strict, and in memory. No Kibana can be had
// from the package registries that the tests use.
package kibanatest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Kibana implements what Kibana's documentation says of the import API (POST
// [/s/SPACE]/api/saved_objects/_import), /api/status and /api/spaces/space, and is strict where
// Kibana is: it wants the header kbn-xsrf, a multipart form with a .ndjson file, credentials, known
// spaces, known types, no newer versions, and references that resolve.
type Kibana struct {
	// Version is what it says that it is.
	Version string
	// Auth are the values of the header Authorization that it knows; nil: security is off.
	Auth map[string]bool
	// Readers are those of them that may only read.
	Readers map[string]bool
	// Spaces are the spaces that there are.
	Spaces []string

	t  testing.TB
	mu sync.Mutex
	// Objects are by space and key, "SPACE|TYPE ID". Look at them between requests only.
	Objects map[string]Stored
	// Requests counts.
	Requests int
}

// Object is a saved object as it comes in.
type Object struct {
	Type       string         `json:"type"`
	ID         string         `json:"id"`
	Attributes map[string]any `json:"attributes"`
	References []struct {
		Type string `json:"type"`
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"references"`
	CoreMigrationVersion string `json:"coreMigrationVersion"`
	TypeMigrationVersion string `json:"typeMigrationVersion"`
}

// Stored is an object in a space.
type Stored struct {
	Object
	// Origin is the ID in another space that it stems from.
	Origin string
}

// New is an empty Kibana without security, with the spaces default and desk.
func New(t testing.TB) *Kibana {
	return &Kibana{t: t, Version: "8.19.13", Spaces: []string{"default", "desk"}, Objects: map[string]Stored{}}
}

func (f *Kibana) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		f.t.Error(err)
	}
}

func (f *Kibana) refuse(w http.ResponseWriter, status int, message string) {
	f.answer(w, status, map[string]any{"statusCode": status, "error": http.StatusText(status), "message": message})
}

// ServeHTTP answers one request at a time.
func (f *Kibana) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Requests++
	if f.Auth != nil && !f.Auth[r.Header.Get("Authorization")] {
		if r.URL.Path == "/api/status" && r.Header.Get("Authorization") == "" {
			f.answer(w, 200, map[string]any{"status": map[string]any{"overall": map[string]any{"level": "available"}}})
			return
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="security"`)
		f.refuse(w, 401, "[security_exception]: unable to authenticate user for REST request [/_security/_authenticate]")
		return
	}
	path, space := r.URL.Path, "default"
	if rest, ok := strings.CutPrefix(path, "/s/"); ok {
		space, path, _ = strings.Cut(rest, "/")
		path = "/" + path
	}
	switch {
	case r.Method == http.MethodGet && path == "/api/status":
		f.answer(w, 200, map[string]any{"name": "kibana", "version": map[string]any{"number": f.Version}})
	case r.Method == http.MethodGet && strings.HasPrefix(path, "/api/spaces/space/"):
		id := strings.TrimPrefix(path, "/api/spaces/space/")
		if !slices.Contains(f.Spaces, id) {
			f.refuse(w, 404, "Not Found")
			return
		}
		f.answer(w, 200, map[string]any{"id": id, "name": id})
	case r.Method == http.MethodPost && path == "/api/saved_objects/_import":
		f.importObjects(w, r, space)
	default:
		f.refuse(w, 404, "Not Found")
	}
}

func (f *Kibana) importObjects(w http.ResponseWriter, r *http.Request, space string) {
	if r.Header.Get("kbn-xsrf") == "" {
		f.refuse(w, 400, "Request must contain a kbn-xsrf header.")
		return
	}
	if f.Readers[r.Header.Get("Authorization")] {
		f.refuse(w, 403, "Unable to bulk_create dashboard,index-pattern")
		return
	}
	for k := range r.URL.Query() {
		if k != "overwrite" && k != "createNewCopies" && k != "compatibilityMode" {
			f.refuse(w, 400, "[request query."+k+"]: definition for this key is missing")
			return
		}
	}
	overwrite := r.URL.Query().Get("overwrite") == "true"
	file, header, err := r.FormFile("file")
	if err != nil {
		f.refuse(w, 415, "Unsupported Media Type")
		return
	}
	defer file.Close()
	if filepath.Ext(header.Filename) != ".ndjson" {
		f.refuse(w, 400, "Invalid file extension "+filepath.Ext(header.Filename))
		return
	}
	var list []Object
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var o Object
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			f.refuse(w, 400, err.Error())
			return
		}
		list = append(list, o)
	}
	f.answer(w, 200, f.take(list, space, overwrite))
}

// take imports what can be imported, and answers as Kibana does.
func (f *Kibana) take(list []Object, space string, overwrite bool) map[string]any {
	incoming := map[string]bool{}
	for _, o := range list {
		incoming[o.Type+" "+o.ID] = true
	}
	var results, errs []any
	fail := func(o Object, e map[string]any) {
		errs = append(errs, map[string]any{"id": o.ID, "type": o.Type, "title": o.Attributes["title"], "meta": map[string]any{"title": o.Attributes["title"]}, "error": e})
	}
	for _, o := range list {
		switch {
		case o.Type != "dashboard" && o.Type != "index-pattern":
			fail(o, map[string]any{"type": "unsupported_type"})
			continue
		case o.CoreMigrationVersion > "8.8.0" || o.TypeMigrationVersion > "8.9.0":
			fail(o, map[string]any{"type": "unknown", "statusCode": 422, "message": "Document belongs to a more recent version of Kibana"})
			continue
		}
		missing := []any{}
		for _, r := range o.References {
			// Kibana looks only at data views and searches.
			if r.Type == "index-pattern" && !incoming[r.Type+" "+r.ID] {
				if _, ok := f.Objects[space+"|"+r.Type+" "+r.ID]; !ok {
					missing = append(missing, map[string]any{"type": r.Type, "id": r.ID})
				}
			}
		}
		if len(missing) > 0 {
			fail(o, map[string]any{"type": "missing_references", "references": missing})
			continue
		}
		result := map[string]any{"type": o.Type, "id": o.ID, "meta": map[string]any{"title": o.Attributes["title"]}, "managed": false}
		id := o.ID
		_, exact := f.Objects[space+"|"+o.Type+" "+id]
		if !exact {
			// One that stems from the same object of another space.
			var same []any
			for k, have := range f.Objects {
				if strings.HasPrefix(k, space+"|"+o.Type+" ") && have.Origin == o.ID {
					same = append(same, map[string]any{"id": have.ID, "title": have.Attributes["title"]})
					id = have.ID
				}
			}
			if len(same) > 1 {
				fail(o, map[string]any{"type": "ambiguous_conflict", "destinations": same})
				continue
			}
			if len(same) == 0 && f.elsewhere(space, o.Type+" "+o.ID) {
				id = fmt.Sprintf("00000000-0000-4000-8000-%012d", len(f.Objects)) // IDs are unique over all spaces
			}
		}
		key := space + "|" + o.Type + " " + id
		if _, ok := f.Objects[key]; ok {
			if !overwrite {
				e := map[string]any{"type": "conflict"}
				if id != o.ID {
					e["destinationId"] = id
				}
				fail(o, e)
				continue
			}
			result["overwrite"] = true
		}
		s := Stored{Object: o}
		if id != o.ID {
			s.Origin, s.ID = o.ID, id
			result["destinationId"] = id
		}
		f.Objects[key] = s
		results = append(results, result)
	}
	answer := map[string]any{"success": len(errs) == 0, "successCount": len(results), "warnings": []any{}}
	if len(results) > 0 {
		answer["successResults"] = results
	}
	if len(errs) > 0 {
		answer["errors"] = errs
	}
	return answer
}

func (f *Kibana) elsewhere(space, key string) bool {
	for k := range f.Objects {
		if s, rest, _ := strings.Cut(k, "|"); s != space && rest == key {
			return true
		}
	}
	return false
}
