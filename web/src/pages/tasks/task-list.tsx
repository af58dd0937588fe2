import { PageHead } from '../../components/page-head.js';

export default function TaskList() {
  return <PageHead title="Tasks" />;
}
