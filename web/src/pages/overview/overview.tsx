import { PageHead } from '../../components/page-head.js';

export default function Overview() {
  return <PageHead title="Overview" />;
}
