/** An application that uses all of the format; `repository` is where its code is. */
export function appText(repository = 'https://example.com/apps.git'): string {
  return `
id: "simple-app"
version: 1.0
name: "A simple application"
provider: "Tests"
description: "Counts"
icon: "\${ASSET:icons/app@2x.png}"
badges: [demo, "two words"]
no_info_html: "\${ASSET:empty.html}"
default-queue: "custom_apps_queue"
resumable: true
category: Examples
featured: 10
details_page: "task"
task {
  script { repository: "${repository}", branch: main, entry_point: "main.py", working_dir: "." }
  hyperparams {
    General { a_number: 30.0, a_string: "testing 1, 2, 3", a_bool: False, a_project_id: "", rows: "[]" },
  }
  configuration { text_blob: "", settings { depth: 3 } }
  container { image: "python:3.12", arguments: "--cap-drop=ALL" }
}
wizard {
  entries: [
    { name: a_bool, title: "A choice", type: checkbox, default: false
      target { field: hyperparams, section: General, name: a_bool } }
    { name: a_string, title: "A text", type: string, placeholder: "some text", info: "Shown in the dashboard"
      conditional: { entries: [ { name: a_bool, value: True } ] }
      target { field: hyperparams, section: General, name: a_string } }
    { name: size, type: dropdown, choices: [small, large], default: small
      target { field: hyperparams, section: General, name: size } }
    { name: count, type: integer, required: true
      default_conditional_on { name: size, value { small: 1, large: 100 } }
      target { field: hyperparams, section: General, name: a_number } }
    { name: project, type: dropdown, required: true, autocomplete: true
      choices { source: project, value_field: id, display_field: name
        filter { fields { name: "^(?i)(?!example).*$" } } }
      target { field: hyperparams, section: General, name: a_project_id } }
    { name: more, title: "More options", type: group, collapsible: true, item_template: [
      { name: blob, type: multiline_text, target: { field: configuration, name: text_blob } }
    ] }
    { name: rows, type: list, collapsible: true, collapsibleTitleTemplate: "Row \${key}"
      default: [ { key: first, rate: 0.5 } ]
      item_template: [
        { name: key, type: string, required: true }
        { name: rate, type: float }
        { name: note, type: string, conditional { entries: [ { name: key, value: other } ] } }
      ]
      target { field: hyperparams, section: General, name: rows, format: json } }
  ]
}
dashboard {
  lines: [
    { style { height: "initial", backgroundColor: "#eee" }
      contents: [ { title: "Text", type: html, text: "<h2>The text is \${hyperparams.General.a_string.value}</h2>" } ] }
    { contents: [
      { title: "Plot", type: plot, metric: "Plots", variant: "plot" }
      { title: "Curves", type: scalar-histogram, metric: [loss], variant: [train, test], key: iso_time, hide_legend: true }
    ] }
    { contents: [ { title: "Log", type: log } ] }
  ]
}
`;
}

export const APP_ASSETS: ReadonlySet<string> = new Set(['icons/app@2x.png', 'empty.html']);
