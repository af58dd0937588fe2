/** An application as `NAME.app.conf` describes it; the names of the fields are those of the file. */
export interface AppDefinition {
  id: string;
  name: string;
  version: string;
  provider: string;
  description: string;
  /** Address, or the name of an asset. */
  icon?: string;
  no_info_html?: string;
  default_queue: string;
  badges: string[];
  resumable: boolean;
  category: string;
  /** Applications with lower numbers come first. */
  featured: number;
  details_page?: string;
  task: AppTask;
  wizard: WizardField[];
  dashboard: DashboardLine[];
}

/** What every instance begins with. */
export interface AppTask {
  script: Record<string, string>;
  /** Texts by section and name. */
  hyperparams: Record<string, Record<string, string>>;
  /** Texts by name. */
  configuration: Record<string, string>;
  container: Record<string, string>;
  type: string;
  tags: string[];
}

export const FIELD_TYPES = [
  'string',
  'integer',
  'float',
  'dropdown',
  'checkbox',
  'multiline_text',
  'group',
  'list',
] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

export const SOURCES = ['project', 'task', 'model', 'queue', 'dataset_version'] as const;
export type Source = (typeof SOURCES)[number];

export type Scalar = string | number | boolean;
/** What a person fills in: a scalar, or the objects of a list. */
export type Value = Scalar | ValueMap[];
export interface ValueMap {
  [name: string]: Value;
}

export interface WizardField {
  name: string;
  type: FieldType;
  title: string;
  info?: string;
  required: boolean;
  placeholder?: string;
  default?: Value;
  collapsible: boolean;
  collapsibleTitleTemplate?: string;
  /** All must hold for the field to be shown. */
  conditional: Condition[];
  default_conditional_on?: { name: string; value: Record<string, Scalar> };
  autocomplete: boolean;
  choices?: Scalar[] | Choices;
  target?: Target;
  item_template?: WizardField[];
}

export interface Condition {
  name: string;
  value: Scalar;
}

/** Objects of the server to choose from. */
export interface Choices {
  source: Source;
  display_field: string;
  value_field: string;
  /** A pattern, or the values that are allowed, by field of the object: as in a query of `get_all`. */
  filter: Record<string, string | Scalar[]>;
}

/** Where in the task a value goes. */
export interface Target {
  field: 'hyperparams' | 'configuration';
  /** Of a hyper-parameter. */
  section: string;
  name: string;
  format: 'str' | 'json';
}

export const ELEMENT_TYPES = [
  'scalar-histogram',
  'plot',
  'debug-images',
  'log',
  'scalar',
  'hyperparameter',
  'configuration',
  'html',
] as const;
export type ElementType = (typeof ELEMENT_TYPES)[number];

export const AXES = ['iter', 'timestamp', 'iso_time'] as const;

export interface DashboardLine {
  /** Properties of CSS that stay within the line. */
  style: Record<string, string>;
  contents: DashboardElement[];
}

export interface DashboardElement {
  type: ElementType;
  title: string;
  text?: string;
  metric: string[];
  variant: string[];
  key: (typeof AXES)[number];
  hide_legend: boolean;
  section?: string;
  name: string[];
}
