package coref_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/text"
)

var parser = func() *text.Parser {
	p, err := text.NewParser()
	if err != nil {
		panic(err)
	}
	return p
}()

// marked parses an article in which names stand in [brackets] with a type: [Ana Bell]p, [KNU]o,
// [Oslo]l.
func marked(t testing.TB, src string) (*text.Doc, []ner.Mention) {
	t.Helper()
	var b strings.Builder
	var names []ner.Mention
	for {
		before, rest, ok := strings.Cut(src, "[")
		if !ok {
			break
		}
		name, after, ok := strings.Cut(rest, "]")
		if !ok || after == "" {
			t.Fatalf("bad brackets in %q", src)
		}
		b.WriteString(before)
		typ := map[byte]ner.Type{'p': ner.Person, 'o': ner.Organisation, 'l': ner.Place}[after[0]]
		if typ == 0 {
			t.Fatalf("no type after [%s]", name)
		}
		s := text.Span{Start: b.Len(), End: b.Len() + len(name)}
		b.WriteString(name)
		names = append(names, ner.Mention{Span: s, Text: name, Type: typ})
		src = after[1:]
	}
	b.WriteString(src)
	return parser.Parse(b.String(), 0), names
}

// resolve shows the entities as "name: mention, mention".
func resolve(t testing.TB, src string) []string {
	t.Helper()
	doc, names := marked(t, src)
	ents, mentions := coref.Resolve(doc, names)
	var out []string
	for _, e := range ents {
		var ms []string
		for _, m := range e.Mentions {
			ms = append(ms, mentions[m].Text)
		}
		out = append(out, e.Name+": "+strings.Join(ms, ", "))
	}
	return out
}

func TestResolve(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"surname alone", `[Ana Bell]p spoke. Later [Bell]p left.`, []string{"Ana Bell: Ana Bell, Bell"}},
		{"given name alone", `[Ana Bell]p spoke. [Ana]p left.`, []string{"Ana Bell: Ana Bell, Ana"}},
		{"surname first, then the full name", `[Bell]p spoke. [Ana Bell]p left.`, []string{"Ana Bell: Bell, Ana Bell"}},
		{"initials", `[A. M. Bell]p spoke. [Ana Maria Bell]p left, and [Ana Bell]p returned.`, []string{"Ana Maria Bell: A. M. Bell, Ana Maria Bell, Ana Bell"}},
		{"nickname", `[William Ford]p spoke. [Bill Ford]p left.`, []string{"William Ford: William Ford, Bill Ford"}},
		{"shared surname", `[Ana Bell]p met [Otto Bell]p. They left.`, []string{"Ana Bell: Ana Bell", "Otto Bell: Otto Bell"}},
		{"shared surname alone goes to the last", `[Ana Bell]p spoke. [Bell]p left. [Otto Bell]p came. [Bell]p sat.`, []string{"Ana Bell: Ana Bell, Bell", "Otto Bell: Otto Bell, Bell"}},
		{"father and son, named unlike", `[John L. Bell Sr.]p met [John Bell Jr.]p there.`, []string{"John L. Bell Sr.: John L. Bell Sr.", "John Bell Jr.: John Bell Jr."}},
		{"also known as", `[Ana Maria Bell]p, also known as [Bella]p, spoke. [Bella]p left.`, []string{"Ana Maria Bell: Ana Maria Bell, Bella, Bella"}},
		{"known by a nom de guerre", `[Omar Dunn]p, better known by the nom de guerre [Lion]p, spoke.`, []string{"Omar Dunn: Omar Dunn, Lion"}},
		{"real name", `[Zaya Moon]p, whose real name is [Ana Bell]p, sang.`, []string{"Zaya Moon: Zaya Moon, Ana Bell"}},
		{"known to", `[Ana Bell]p is well known to [Bo Reed]p.`, []string{"Ana Bell: Ana Bell", "Bo Reed: Bo Reed"}},
		{"capitals of a dateline", `[NAIROBI]l, May 3 - A bridge fell in [COX'S BAZAR]l and [ISLE OF MAN]l.`, []string{"Nairobi: NAIROBI", "Cox's Bazar: COX'S BAZAR", "Isle of Man: ISLE OF MAN"}},
		{"capitals where the name is also written out", `[NEW YORK]l - A bridge fell in [New York]l. [ANA O'BELL]p spoke.`, []string{"New York: NEW YORK, New York", "Ana O'Bell: ANA O'BELL"}},
		{"initialisms stay", `The [USSR]l and [UNICEF]o met [JFK]p.`, []string{"USSR: USSR", "UNICEF: UNICEF", "JFK: JFK"}},
		{"short form in brackets", `The [Africa Centres for Disease Control]o ([Africa CDC]o) and the [Real Estate Developers' Association]o ([Reda]o) met. [Africa CDC]o left.`, []string{"Africa Centres for Disease Control: Africa Centres for Disease Control, Africa CDC, Africa CDC", "Real Estate Developers' Association: Real Estate Developers' Association, Reda"}},
		{"another name in brackets", `The [Centre for Disease Control]o ([Vale Group]o) met.`, []string{"Centre for Disease Control: Centre for Disease Control", "Vale Group: Vale Group"}},
		{"company taken for a person", `[Elbe Logistik]p says so. [Elbe Logistik GmbH]o left.`, []string{"Elbe Logistik GmbH: Elbe Logistik, Elbe Logistik GmbH"}},
		{"first word of a company", `[Acme]p buys. [Acme Pumps Inc.]o left.`, []string{"Acme Pumps Inc.: Acme, Acme Pumps Inc."}},
		{"founder and company", `[Bell]p buys. [Bell Pumps Inc.]o and [Ana Bell]p left.`, []string{"Ana Bell: Bell, Ana Bell", "Bell Pumps Inc.: Bell Pumps Inc."}},
		{"two transcriptions", `[Volodymyr Ostrovskyy]p spoke. [Ostrovsky]p left.`, []string{"Volodymyr Ostrovskyy: Volodymyr Ostrovskyy, Ostrovsky"}},
		{"two surnames alike", `[Ana Marten]p spoke. [Martin]p and [Barten]p left.`, []string{"Ana Marten: Ana Marten, Martin", "Barten: Barten"}},
		{"founder and foundation", `[Ana Bell]p says so. The [Ana Bell Foundation]o left.`, []string{"Ana Bell: Ana Bell", "Ana Bell Foundation: Ana Bell Foundation"}},
		{"stock exchange", `[Acme Holdings, Inc.]o ([NYSE]o: ACM) fell.`, []string{"Acme Holdings, Inc.: Acme Holdings, Inc.", "NYSE: NYSE"}},
		{"father and son", `[John Bell Sr.]p met [John Bell Jr.]p there.`, []string{"John Bell Sr.: John Bell Sr.", "John Bell Jr.: John Bell Jr."}},
		{"family name first", `[Xu Meilin]p spoke. [Xu]p left.`, []string{"Xu Meilin: Xu Meilin, Xu"}},
		{"particle", `[Omar al-Rashidi]p spoke. [Al-Rashidi]p left.`, []string{"Omar al-Rashidi: Omar al-Rashidi, Al-Rashidi"}},
		{"family name first, full name later", `[Xu]p spoke. [Xu Meilin]p left, and [Meilin]p returned.`, []string{"Xu Meilin: Xu, Xu Meilin, Meilin"}},
		{"family name first, three names", `[Baek Sang-woo]p spoke. [Baek]p left.`, []string{"Baek Sang-woo: Baek Sang-woo, Baek"}},
		{"two of one family name", `[Xu Meilin]p met [Xu Guang]p. [Meilin]p left.`, []string{"Xu Meilin: Xu Meilin, Meilin", "Xu Guang: Xu Guang"}},
		{"given name of an Icelander", `[Birna Ketilsdóttir]p spoke. [Birna]p left.`, []string{"Birna Ketilsdóttir: Birna Ketilsdóttir, Birna"}},
		{"patronymic in the middle", `[Oleg Petrovich Sorin]p spoke. [Oleg Sorin]p left, [Sorin]p too.`, []string{"Oleg Petrovich Sorin: Oleg Petrovich Sorin, Oleg Sorin, Sorin"}},
		{"given name and patronymic", `[Oleg Petrovich Sorin]p spoke. [Oleg Petrovich]p left.`, []string{"Oleg Petrovich Sorin: Oleg Petrovich Sorin, Oleg Petrovich"}},
		{"one name", `[Suprapto]p spoke. [Suprapto]p left.`, []string{"Suprapto: Suprapto, Suprapto"}},
		{"bin", `[Hassan bin Omar]p spoke. [Hassan]p left.`, []string{"Hassan bin Omar: Hassan bin Omar, Hassan"}},
		{"particle apart", `[Omar Al Rashidi]p spoke. [Al Rashidi]p left, [Rashidi]p too.`, []string{"Omar Al Rashidi: Omar Al Rashidi, Al Rashidi, Rashidi"}},
		{"van", `[Pieter van der Meulen]p spoke. [Van der Meulen]p left, and [Meulen]p sat.`, []string{"Pieter van der Meulen: Pieter van der Meulen, Van der Meulen, Meulen"}},
		{"de", `[Ana de Sousa]p spoke. [De Sousa]p left.`, []string{"Ana de Sousa: Ana de Sousa, De Sousa"}},
		{"Burmese honorifics", `[U Tin Maung Latt]p spoke. [Tin Maung Latt]p left. [U Tin Maung]p sat.`, []string{"U Tin Maung Latt: U Tin Maung Latt, Tin Maung Latt, U Tin Maung"}},
		{"Daw", `[Daw Khin Mar]p spoke. [Khin Mar]p left.`, []string{"Daw Khin Mar: Daw Khin Mar, Khin Mar"}},
		{"Karen honorifics", `[Padoh Saw Lah Htoo]p spoke. [Saw Lah Htoo]p left, [Lah Htoo]p too.`, []string{"Padoh Saw Lah Htoo: Padoh Saw Lah Htoo, Saw Lah Htoo, Lah Htoo"}},
		{"two of one honorific", `[Saw Lah Htoo]p met [Saw Eh Gay]p. [Saw Eh Gay]p left.`, []string{"Saw Lah Htoo: Saw Lah Htoo", "Saw Eh Gay: Saw Eh Gay, Saw Eh Gay"}},
		{"double surname, first alone", `[Marta Quiroga Lanza]p spoke. [Quiroga]p left.`, []string{"Marta Quiroga Lanza: Marta Quiroga Lanza, Quiroga"}},
		{"couple", `[Ana Bell]p and [Otto Bell]p spoke. [Ana]p left, [Otto]p too.`, []string{"Ana Bell: Ana Bell, Ana", "Otto Bell: Otto Bell, Otto"}},
		{"given name of one, surname of another", `[Ana Bell]p met [Otto Ana]p. [Ana]p left.`, []string{"Ana Bell: Ana Bell", "Otto Ana: Otto Ana, Ana"}},
		{"accents", `[José Nuñez]p spoke. [Nunez]p left.`, []string{"José Nuñez: José Nuñez, Nunez"}},
		{"initialism in brackets", `The [Harbour Workers' Union]o ([HWU]o) met. The [HWU]o left.`, []string{"Harbour Workers' Union: Harbour Workers' Union, HWU, HWU"}},
		{"initialism of another language", `The [Union of Dockers]o ([SDT]o) met. The [SDT]o left.`, []string{"Union of Dockers: Union of Dockers, SDT, SDT"}},
		{"initialism by letters", `The [Bank of North Carrow]o fell. [BNC]o shares rose.`, []string{"Bank of North Carrow: Bank of North Carrow, BNC"}},
		{"initialism with hyphen", `The [New Harbour Party - Anti-Sale Front]o ([NHP - AF]o) met.`, []string{"New Harbour Party - Anti-Sale Front: New Harbour Party - Anti-Sale Front, NHP - AF"}},
		{"initialism inside a name", `The [Carrow Coast Guard Force]o ([CGF]o) sailed. The [Carrow CGF]o returned.`, []string{"Carrow Coast Guard Force: Carrow Coast Guard Force, CGF, Carrow CGF"}},
		{"legal form", `[Velora Inc.]o rose. [Velora]o fell.`, []string{"Velora Inc.: Velora Inc., Velora"}},
		{"of", `The [Department of Fisheries]o met. The [Fisheries Department]o left.`, []string{"Department of Fisheries: Department of Fisheries, Fisheries Department"}},
		{"short form", `The [Carrow Port Authority]o met. The [Port Authority]o left.`, []string{"Carrow Port Authority: Carrow Port Authority, Port Authority"}},
		{"part of a company", `[Velora]o rose, and [Velora]o fell. [Velora Stores]o closed.`, []string{"Velora: Velora, Velora", "Velora Stores: Velora Stores"}},
		{"house", `The [White House]o spoke. The [House]o voted.`, []string{"White House: White House", "House: House"}},
		{"hyphen left out", `[Al-Rashidi Front]o met. The [Al Rashidi Front]o left.`, []string{"Al Rashidi Front: Al-Rashidi Front, Al Rashidi Front"}},
		{"plural", `The [Reformers]o met. The [Reformer]o side left.`, []string{"Reformers: Reformers, Reformer"}},
		{"number in an initialism", `The [Group of Seven]o met. The [G7]o left, as the [G-7]o does.`, []string{"Group of Seven: Group of Seven, G7, G-7"}},
		{"state of", `The [State of Carrow]l sued. [Carrow]l won.`, []string{"State of Carrow: State of Carrow, Carrow"}},
		{"country", `The [United States]l and the [U.S.]l, or [US]l.`, []string{"United States: United States, U.S., US"}},
		{"a country is no organisation of its name", `[United States]l vessels and the [United States Senate]o.`, []string{"United States: United States", "United States Senate: United States Senate"}},
		{"he", `[Otto Bell]p spoke on Monday. He left.`, []string{"Otto Bell: Otto Bell, He"}},
		{"she is not Mr Bell", `Mr [Bell]p met Ms [Orr]p. She left.`, []string{"Bell: Bell", "Orr: Orr, She"}},
		{"it speaks", `The [Harbour Union]o met. It said the strike was over.`, []string{"Harbour Union: Harbour Union, It"}},
		{"it does not speak", `The [Harbour Union]o met. It rained.`, []string{"Harbour Union: Harbour Union"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := resolve(t, c.in); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%s\n got %q\nwant %q", c.in, got, c.want)
			}
		})
	}
}

func TestRole(t *testing.T) {
	for in, want := range map[string]string{
		`The [HWU]o spokesperson [Ana Bell]p left.`:                                   "HWU spokesperson",
		`[Ana Bell]p, the chief executive of [Velora]o, left.`:                        "chief executive of Velora",
		`President of the United States [Ana Bell]p left.`:                            "President of the United States",
		`The mayor of [Vale]l, [Ana Bell]p, left.`:                                    "mayor of Vale",
		`The mayor of [Vale]l, [Ana Bell]p and two others left.`:                      "",
		`A friend of the president of [Vale]l [Ana Bell]p left.`:                      "president of Vale",
		`The streets of [Vale]l [Ana Bell]p knows.`:                                   "",
		`[Ana Bell]p, the acting head of [Velora]o, left.`:                            "acting head of Velora",
		`Sheikh [Ana Bell]p, president of [Vale]l, left.`:                             "president of Vale",
		`Rep. [Ana Bell]p, who left, left.`:                                           "Rep.",
		`Their successor [Ana Bell]p left.`:                                           "successor",
		`Former harbour master [Ana Bell]p left.`:                                     "Former harbour master",
		`On Monday [Ana Bell]p left.`:                                                 "",
		`The archbishop Monseñor [Ana Bell]p left.`:                                   "archbishop",
		`[Ana Bell]p is the mayor of [Oslo]l.`:                                        "",
		`Mr [Bell]p left.`:                                                            "",
		`[Ana Bell]p, 45, left.`:                                                      "",
		`The union's general secretary, [Ana Bell]p, said that [Otto Orr]p had left.`: "union's general secretary",
	} {
		doc, names := marked(t, in)
		ents, _ := coref.Resolve(doc, names)
		for _, e := range ents {
			if strings.HasSuffix(e.Name, "Bell") && e.Role != want {
				t.Errorf("%s: role %q, want %q", in, e.Role, want)
			}
		}
	}
}

func TestKey(t *testing.T) {
	for in, want := range map[string]string{
		`[Padoh Saw Taw Nee]p left.`:          "person:padoh-saw-taw-nee",
		`[José Nuñez]p left.`:                 "person:jose-nunez",
		`The [Women’s League of Carrow]o met`: "organisation:womens-league-of-carrow",
		`[U.S.]l ships.`:                      "place:us",
		`[Łódź]l is far.`:                     "place:lodz",
		`[東京]l is far.`:                       "place:東京",
	} {
		doc, names := marked(t, in)
		ents, _ := coref.Resolve(doc, names)
		if len(ents) != 1 || ents[0].Key != want {
			t.Errorf("%s: %+v, want key %q", in, ents, want)
		}
	}
}

// TestResolveDeterministic checks that the same input gives the same output.
func TestResolveDeterministic(t *testing.T) {
	const src = `[Ana Bell]p, [Otto Bell]p, [Bell]p, [HWU]o, [Harbour Workers' Union]o, [Port Carrow]l, [Carrow]l, [US]l, [America]l, [Bell]p and [Ana]p met. She said he left.`
	want := fmt.Sprint(resolve(t, src))
	for range 20 {
		if got := fmt.Sprint(resolve(t, src)); got != want {
			t.Fatalf("got %s\nthen %s", want, got)
		}
	}
}

// TestAffiliation reads the organisation of a person off the words beside the name.
func TestAffiliation(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"[Acme Steel]o spokesman [John Roe]p said so.", "Acme Steel"},
		{"[Jane Doe]p of [Acme Steel]o said so.", "Acme Steel"},
		{"[Jane Doe]p, the head of research at [Acme Steel]o, said so.", "Acme Steel"},
		{"[Acme Steel]o's [Jane Doe]p said so.", "Acme Steel"},
		{"[Acme Steel]o's chief executive, [Jane Doe]p, said so.", "Acme Steel"},
		// The canonical name, not the short form beside the person.
		{"[Harbour Workers' Union]o ([HWU]o) members met. [HWU]o president [Jane Doe]p said so.", "Harbour Workers' Union"},
		{"[Jane Doe]p said so to [Acme Steel]o.", ""},
		{"Former [Acme Steel]o spokesman [John Roe]p said so.", ""},
		{"[Jane Doe]p of [Leeds]l said so.", ""},
		{"[John Roe]p spoke. [Acme Steel]o said no.", ""},
	} {
		doc, names := marked(t, c.src)
		entities, _ := coref.Resolve(doc, names)
		got, found := "", false
		for _, e := range entities {
			if e.Type == ner.Person {
				got, found = e.Affiliation, true
			} else if e.Affiliation != "" {
				t.Errorf("%s: %s has the affiliation %q", c.src, e.Name, e.Affiliation)
			}
		}
		if !found || got != c.want {
			t.Errorf("%s: affiliation %q, want %q", c.src, got, c.want)
		}
	}
}
