package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"
)

type object = map[string]any

// openAPI makes the OpenAPI 3.1 document of the endpoints: their parameters from the table, the shape
// of their answers from the types that are encoded.
func (s *Server) openAPI() ([]byte, error) {
	types := &schemas{all: object{}}
	paths := object{}
	fault := object{"description": "What went wrong (RFC 9457).", "content": object{"application/problem+json": object{"schema": types.of(reflect.TypeFor[problem]())}}}
	for pattern, e := range s.endpoints() {
		_, path, _ := strings.Cut(pattern, " ")
		params := []object{}
		for _, p := range e.params {
			schema := object{"type": p.kind}
			if len(p.enum) > 0 {
				schema["enum"] = p.enum
			}
			v := object{"name": p.name, "in": "query", "description": p.about, "schema": schema}
			if strings.Contains(path, "{"+p.name+"}") {
				v["in"], v["required"] = "path", true
			}
			params = append(params, v)
		}
		content := object{"application/json": object{"schema": object{}}}
		switch {
		case e.answer != nil:
			content = object{"application/json": object{"schema": types.of(reflect.TypeOf(e.answer))}}
		case e.media != "application/json":
			content = object{e.media: object{"schema": object{"type": "string"}}}
		}
		id := strings.NewReplacer("/", "-", ".", "-", "{", "", "}", "").Replace(strings.Trim(path, "/"))
		responses := object{"200": object{"description": "The answer.", "content": content}}
		for _, status := range []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusNotFound, http.StatusTooManyRequests, http.StatusBadGateway} {
			responses[fmt.Sprint(status)] = fault
		}
		get := object{"operationId": id, "summary": e.summary, "responses": responses}
		if len(params) > 0 {
			get["parameters"] = params
		}
		paths[path] = object{"get": get}
	}
	doc := object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Dateline", "version": "1",
			"description": "Who is in the news, what was said, by whom, and when. Offsets are bytes of UTF-8, unless others are asked for.",
			"license":     object{"name": "MIT", "identifier": "MIT"},
		},
		"paths": paths,
		"components": object{
			"schemas":         types.all,
			"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer"}},
		},
		"security": []object{{}, {"token": []string{}}},
	}
	b, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the OpenAPI document: %w", err)
	}
	return b, nil
}

// schemas makes JSON schemas of Go types, a named one for each struct.
type schemas struct{ all object }

var texts = reflect.TypeFor[interface{ MarshalText() ([]byte, error) }]()

// of is the schema of what encoding/json makes of the type.
func (s *schemas) of(t reflect.Type) object {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t.Implements(texts):
		return object{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Float64, reflect.Float32:
		return object{"type": "number"}
	case reflect.Slice:
		return object{"type": "array", "items": s.of(t.Elem())}
	case reflect.Array:
		return object{"type": "array", "items": s.of(t.Elem()), "minItems": t.Len(), "maxItems": t.Len()}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		return s.named(t)
	}
	return object{"type": "integer"}
}

func (s *schemas) named(t reflect.Type) object {
	name := strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
	ref := object{"$ref": "#/components/schemas/" + name}
	if _, done := s.all[name]; done {
		return ref
	}
	schema := object{"type": "object", "additionalProperties": false}
	s.all[name] = schema // before its fields, which may be of the same type
	properties, required := object{}, []string{}
	s.fields(t, properties, &required)
	schema["properties"] = properties
	if len(required) > 0 {
		slices.Sort(required)
		schema["required"] = required
	}
	return ref
}

// fields adds those of a struct, and of the structs that are embedded in it.
func (s *schemas) fields(t reflect.Type, properties object, required *[]string) {
	for f := range t.Fields() {
		tag, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case tag == "-" || !f.IsExported() && !f.Anonymous:
			continue
		case f.Anonymous && tag == "":
			inner := f.Type
			optional := inner.Kind() == reflect.Pointer
			if optional {
				inner = inner.Elem()
			}
			var must []string
			s.fields(inner, properties, &must)
			if !optional {
				*required = append(*required, must...)
			}
			continue
		case tag == "":
			tag = f.Name
		}
		properties[tag] = s.of(f.Type)
		if !strings.Contains(opts, "omit") {
			*required = append(*required, tag)
		}
	}
}
